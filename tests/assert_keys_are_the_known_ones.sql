with keys as (
    {%- for entity, legacy_id, known_key in (
        ('payments', 42, '87b773a9-19fb-3817-a736-f14e7686abfc'),
        ('orders', 1, '3ba30231-9017-34d4-9f46-9696ac297030'),
        ('notifications', 5100000, '8092135a-c1b3-38f2-9ae3-b5845c88a5c7'),
    ) %}
    select
        '{{ entity }}' as entity,
        cast('{{ known_key }}' as {{ engine_type('uuid') }}) as known_key,
        {{ entity_key(entity, legacy_id) }} as computed_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from keys
where computed_key is distinct from known_key
