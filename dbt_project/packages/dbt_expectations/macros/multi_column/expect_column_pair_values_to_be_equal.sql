{# In every row A equals B; NULL beside anything passes. #}
{% test expect_column_pair_values_to_be_equal(model, column_A, column_B, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_pair_values_to_be_equal', 'dbt_expectations')(
    model,
    column_A,
    column_B,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_pair_values_to_be_equal(model, column_A, column_B, row_condition) %}
{{ dbt_expectations.expression_is_true(model, "(" ~ column_A ~ ") = (" ~ column_B ~ ")", row_condition=row_condition) }}
{% endmacro %}
