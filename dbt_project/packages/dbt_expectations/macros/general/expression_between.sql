{# The expression lies within the bounds in every row, or in every group. #}
{% test expression_between(
    model,
    expression,
    min_value=none,
    max_value=none,
    group_by_columns=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expression_between', 'dbt_expectations')(
    model,
    expression,
    min_value,
    max_value,
    group_by_columns,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expression_between(
    model,
    expression,
    min_value,
    max_value,
    group_by_columns,
    row_condition,
    strictly
) %}
{{ dbt_expectations.expression_between(model, expression, min_value, max_value, group_by_columns, row_condition, strictly) }}
{% endmacro %}
