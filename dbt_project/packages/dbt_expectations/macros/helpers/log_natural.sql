{# The natural logarithm. #}
{% macro log_natural(x) -%}
{{ return(adapter.dispatch('log_natural', 'dbt_expectations')(x)) }}
{%- endmacro %}

{% macro default__log_natural(x) -%}
log({{ x }})
{%- endmacro %}
