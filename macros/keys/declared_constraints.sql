{% macro declared_constraints(node) -%}
    {#- The promises of a contract: [{type, name, columns, expression, parent, parent_column}, …]. A foreign key also
        promises an index on its column, unless the index of another key begins with that column. A self-reference has
        no `to` (dbt would see a cycle) but an `expression` that names its own model. All that creates, restores or
        looks for a constraint reads this list. -#}
    {%- set declared = [] -%}
    {%- for column in node.columns.values() -%}
        {%- for constraint in column.constraints -%}
            {%- do declared.append(dict(constraint, columns=[column.name])) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set constraints, indexed = [], [] -%}
    {%- for constraint in declared + node.constraints -%}
        {%- set name = node.alias ~ '__' ~ constraint.columns | join('__') -%}
        {%- if constraint.type == 'primary_key' -%}
            {%- do constraints.append(dict(constraint, name=node.alias ~ '_pkey')) -%}
            {%- do indexed.append(constraint.columns[0]) -%}
        {%- elif constraint.type == 'unique' -%}
            {%- do constraints.append(dict(constraint, name=constraint.name or name ~ '__key')) -%}
            {%- do indexed.append(constraint.columns[0]) -%}
        {%- elif constraint.type == 'foreign_key' -%}
            {%- set parent = modules.re.search("(\\w+)\\W*$", constraint.to or constraint.expression.split('(')[0]) -%}
            {%- do constraints.append(dict(
                constraint,
                name=name ~ '__fk',
                parent=graph.nodes['model.' ~ node.package_name ~ '.' ~ parent.group(1)],
                parent_column=constraint.to_columns[0] if constraint.to
                    else modules.re.search("\\((\\w+)\\)", constraint.expression).group(1),
            )) -%}
        {%- else -%}
            {%- do constraints.append(constraint) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set foreign_keys = constraints | selectattr('type', 'equalto', 'foreign_key') | list -%}
    {%- for key in foreign_keys if key.columns[0] not in indexed -%}
        {%- set name = node.alias ~ '__' ~ key.columns[0] ~ '__idx' -%}
        {%- do constraints.append({'type': 'index', 'name': name, 'columns': key.columns}) -%}
    {%- endfor -%}
    {{ return(constraints) }}
{%- endmacro %}
