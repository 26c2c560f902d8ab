{# The type of a point in time, as type tests and casts name it. #}
{% macro type_timestamp() -%}
{{ return(adapter.dispatch('type_timestamp', 'dbt_expectations')()) }}
{%- endmacro %}

{% macro default__type_timestamp() -%}
DateTime
{%- endmacro %}
