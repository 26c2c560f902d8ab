{# Both relations have the same number of columns. #}
{% test expect_table_column_count_to_equal_other_table(model, compare_model) %}
{{ adapter.dispatch('test_expect_table_column_count_to_equal_other_table', 'dbt_expectations')(model, compare_model) }}
{% endtest %}

{% macro default__test_expect_table_column_count_to_equal_other_table(model, compare_model) %}
{%- set count = dbt_expectations._columns(model) | length -%}
{%- set compare_count = dbt_expectations._columns(compare_model) | length -%}
{{ dbt_expectations._told_rows(["column_count", "compare_column_count"], [[count, compare_count]] if count != compare_count else []) }}
{% endmacro %}
