-- depends_on: {{ ref('int_notifications__signatures') }}
{{ migrated_rows(ref('int_notifications__triaged')) }}
