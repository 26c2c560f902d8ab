{# GROUP BY the first n columns of the SELECT. #}
{% macro group_by(n) -%}
{{ return(adapter.dispatch('group_by', 'dbt_expectations')(n)) }}
{%- endmacro %}

{% macro default__group_by(n) -%}
GROUP BY {% for place in range(1, n + 1) %}{{ place }}{{ ", " if not loop.last }}{% endfor %}
{%- endmacro %}
