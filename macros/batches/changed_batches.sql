{% macro changed_batches(signatures, loaded) -%}
    select
        coalesce(current_batches.batch_number, loaded.batch_number) as batch_number,
        current_batches.signature,
        loaded.signature is not null as is_loaded
    from (select * from {{ signatures }}) as current_batches
    full join {{ loaded }} as loaded
        on coalesce(current_batches.batch_number, 2147483647) = coalesce(loaded.batch_number, 2147483647)
    where current_batches.signature is distinct from loaded.signature
    order by 1
{%- endmacro %}
