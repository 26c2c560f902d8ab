{# The relation has so many columns. #}
{% test expect_table_column_count_to_equal(model, value) %}
{{ adapter.dispatch('test_expect_table_column_count_to_equal', 'dbt_expectations')(model, value) }}
{% endtest %}

{% macro default__test_expect_table_column_count_to_equal(model, value) %}
{%- set count = dbt_expectations._columns(model) | length -%}
{{ dbt_expectations._told_rows(["column_count"], [[count]] if execute and count != value else []) }}
{% endmacro %}
