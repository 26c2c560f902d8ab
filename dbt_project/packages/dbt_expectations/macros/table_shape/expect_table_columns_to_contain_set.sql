{# Every listed column is in the relation. #}
{% test expect_table_columns_to_contain_set(model, column_list, transform="upper") %}
{{ adapter.dispatch('test_expect_table_columns_to_contain_set', 'dbt_expectations')(model, column_list, transform) }}
{% endtest %}

{% macro default__test_expect_table_columns_to_contain_set(model, column_list, transform) %}
{%- set columns = dbt_expectations._get_column_list(model, transform) -%}
{%- set absent = column_list | map(transform) | unique(case_sensitive=true) | reject("in", columns) | list if execute else [] -%}
{{ dbt_expectations._told_rows(["absent_column"], absent | batch(1) | list) }}
{% endmacro %}
