with

source as (

    select * from {{ source('django', 'django_content_type') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_content_type_id,

        ---------- text
        {{ clean_text('app_label') }} as app_label,
        {{ clean_text(adapter.quote('model')) }} as model

    from source

)

select * from renamed
