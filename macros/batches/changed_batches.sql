{% macro changed_batches(signatures, loaded) -%}
    {#- SQL query of the batches to load: batch_number, signature (null when the batch has no rows any more) and
        is_loaded (whether there are old rows to delete). -#}
    {%- set no_batch = 9223372036854775807 -%}
    select
        coalesce(current_batches.batch_number, loaded.batch_number) as batch_number,
        current_batches.signature,
        loaded.signature is not null as is_loaded
    from (select * from {{ signatures }}) as current_batches
    full join {{ loaded }} as loaded
        on coalesce(current_batches.batch_number, {{ no_batch }}) = coalesce(loaded.batch_number, {{ no_batch }})
    where current_batches.signature is distinct from loaded.signature
    order by 1
{%- endmacro %}
