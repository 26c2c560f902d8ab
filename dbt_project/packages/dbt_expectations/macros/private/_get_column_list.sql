{# The names of a relation's columns, each through a filter of Jinja. #}
{% macro _get_column_list(model, transform="upper") -%}
{%- do return(dbt_expectations._columns(model) | map(attribute="name") | map(transform) | list) -%}
{%- endmacro %}
