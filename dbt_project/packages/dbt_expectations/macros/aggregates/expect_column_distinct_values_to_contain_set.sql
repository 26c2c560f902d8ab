{# Every member of the set occurs in the column. #}
{% test expect_column_distinct_values_to_contain_set(
    model,
    column_name,
    value_set,
    quote_values=true,
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_column_distinct_values_to_contain_set', 'dbt_expectations')(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_distinct_values_to_contain_set(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) %}
{{ dbt_expectations._absent_members(model, column_name, value_set, quote_values, row_condition) }}
{% endmacro %}
