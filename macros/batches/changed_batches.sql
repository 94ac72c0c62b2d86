{% macro changed_batches(signatures, loaded) -%}
    {#- SQL query of the batches to load: batch_number, signature (null when the batch has no rows any more), is_loaded
        (whether there are old rows to delete) and loaded_batches (how many batches are loaded, changed or not). -#}
    {%- set no_batch = 9223372036854775807 -%}
    select
        coalesce(current_batches.batch_number, loaded.batch_number) as batch_number,
        current_batches.signature,
        loaded.signature is not null as is_loaded,
        (select count(*) from {{ loaded }}) as loaded_batches
    from (select * from {{ signatures }}) as current_batches
    full join {{ loaded }} as loaded
        on coalesce(current_batches.batch_number, {{ no_batch }}) = coalesce(loaded.batch_number, {{ no_batch }})
    where current_batches.signature is distinct from loaded.signature
    order by 1
{%- endmacro %}

{% macro are_too_many(changes) -%}
    {#- Whether loading everything again is faster than replacing the rows of these batches, as it is from about a third
        of the loaded batches on: a replaced row is deleted and checked against the keys on its own. -#}
    {%- set replaced = changes | selectattr('is_loaded') | list -%}
    {{ return(replaced and replaced | length * 3 > replaced[0].loaded_batches) }}
{%- endmacro %}
