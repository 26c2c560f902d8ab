{# Every value lies within the bounds. #}
{% test expect_column_values_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_values_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    row_condition,
    strictly
) %}
{{ dbt_expectations.expression_between(model, column_name, min_value, max_value, none, row_condition, strictly) }}
{% endmacro %}
