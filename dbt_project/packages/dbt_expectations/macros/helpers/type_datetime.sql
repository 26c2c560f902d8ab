{# The type of a date with a time, as type tests and casts name it. #}
{% macro type_datetime() -%}
{{ return(adapter.dispatch('type_datetime', 'dbt_expectations')()) }}
{%- endmacro %}

{% macro default__type_datetime() -%}
DateTime
{%- endmacro %}
