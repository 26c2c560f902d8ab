{# A random number of at least 0 and less than 1; another one in every row. #}
{% macro rand() -%}
{{ return(adapter.dispatch('rand', 'dbt_expectations')()) }}
{%- endmacro %}

{% macro default__rand() -%}
randCanonical()
{%- endmacro %}
