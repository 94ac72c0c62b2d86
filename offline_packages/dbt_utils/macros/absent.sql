{# All arguments are taken, so that the call reaches this sentence. #}
{% macro absent(arguments, named_arguments, name) %}
    {{ exceptions.raise_compiler_error(
        name ~ " is called, but this is the bundled stand-in of " ~ name.split('.')[0] ~ ", which has only what"
        ~ " dispatch itself calls: run make deps with access to the package hub"
    ) }}
{% endmacro %}
