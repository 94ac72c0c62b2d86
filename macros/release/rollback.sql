{% macro rollback() -%}
    {%- do assert_production('rollback') -%}
    {%- do assert_session() -%}
    {%- do assert_no_other_release() -%}
    {%- set build = last_build() -%}
    {%- if build is none or not build.is_published -%}
        {{ exceptions.raise_compiler_error(
            'not rolled back: ' ~ ('nothing was published yet.' if build is none else
            'build ' ~ build.build_id ~ ' has begun in the place of the previous version, which is gone. Publish a good build.')
        ) }}
    {%- endif -%}
    {%- set previous = run_query(
        "select previous_build_id from " ~ release_schema() ~ ".publications order by publication_id desc limit 1"
    ).rows[0].previous_build_id -%}
    {%- if previous is none -%}
        {%- set reason = 'there is no version before build ' ~ build.build_id ~ '.' -%}
        {{ exceptions.raise_compiler_error('not rolled back: ' ~ reason) }}
    {%- endif -%}
    {%- do run_query(swap_versions('rollback', previous)) -%}
    {% do log('rolled back to build ' ~ previous ~ '; rollback again returns to the other version', info=True) %}
{%- endmacro %}
