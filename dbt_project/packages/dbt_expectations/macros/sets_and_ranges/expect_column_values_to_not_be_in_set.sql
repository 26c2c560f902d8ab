{# No value is a member of the set. #}
{% test expect_column_values_to_not_be_in_set(model, column_name, value_set, quote_values=true, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_values_to_not_be_in_set', 'dbt_expectations')(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_not_be_in_set(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) %}
{{ dbt_expectations.expression_is_true(
    model,
    "NOT " ~ dbt_expectations._in_set(column_name, value_set, quote_values),
    row_condition=row_condition
) }}
{% endmacro %}
