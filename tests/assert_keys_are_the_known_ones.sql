with keys as (
    select *
    from (
        values
    {%- for entity, legacy_id, known in (
        ('payments', 42, '87b773a9-19fb-3817-a736-f14e7686abfc'),
        ('orders', 1, '3ba30231-9017-34d4-9f46-9696ac297030'),
        ('notifications', 5100000, '8092135a-c1b3-38f2-9ae3-b5845c88a5c7'),
    ) %}
            (
                '{{ entity }}',
                {{ legacy_id }},
                cast('{{ known }}' as uuid),
                {{ legacy_key(entity, legacy_id) }}
            ){{ ',' if not loop.last }}
    {%- endfor %}
    ) as known_keys (entity, legacy_id, known_key, computed_key)
)

select * from keys
where computed_key is distinct from known_key
