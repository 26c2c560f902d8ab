{# The column is in the relation and, where `column_index` is given, at this place, counted from 1. #}
{% test expect_column_to_exist(model, column_name, column_index=none, transform="upper") %}
{{ adapter.dispatch('test_expect_column_to_exist', 'dbt_expectations')(model, column_name, column_index, transform) }}
{% endtest %}

{% macro default__test_expect_column_to_exist(model, column_name, column_index, transform) %}
{%- set wanted = [dbt_expectations._bare_name(column_name)] | map(transform) | first -%}
{%- set columns = dbt_expectations._get_column_list(model, transform) -%}
{%- set wrong = [] -%}
{%- if execute and wanted not in columns -%}
    {%- do wrong.append([column_name, "is not in the relation"]) -%}
{%- elif execute and column_index and columns.index(wanted) + 1 != [column_index, 1] | max -%}
    {%- do wrong.append([column_name, "is at place " ~ (columns.index(wanted) + 1) ~ ", not " ~ column_index]) -%}
{%- endif -%}
{{ dbt_expectations._told_rows(["column_name", "problem"], wrong) }}
{% endmacro %}
