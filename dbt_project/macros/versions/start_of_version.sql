{# Nothing is known of the time before a code's first version, so that holds since ever: old facts must find their names. #}
{% macro start_of_version(version, valid_from) -%}
    if({{ version }} = 1, toDateTime64(0, 6, 'UTC'), {{ valid_from }})
{%- endmacro %}
