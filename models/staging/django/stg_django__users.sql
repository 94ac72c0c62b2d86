with

source as (

    select * from {{ source('django', 'auth_user') }}

),

renamed as (

    select

        ---------- ids
        id as legacy_user_id,

        ---------- text
        {{ clean_text('username') }} as username,
        {{ clean_text('first_name') }} as first_name,
        {{ clean_text('last_name') }} as last_name,
        {{ clean_text('email') }} as email,

        ---------- booleans
        is_superuser,
        is_staff,
        is_active,

        ---------- timestamps
        {{ legacy_time('last_login') }} as last_login_at,
        {{ legacy_time('date_joined') }} as joined_at

    from source

)

select * from renamed
