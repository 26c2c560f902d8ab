{# `expression test_condition` holds for every row, or for every group. #}
{% test expression_is_true(model, expression, test_condition="= true", group_by_columns=none, row_condition=none) %}
{{ adapter.dispatch('test_expression_is_true', 'dbt_expectations')(
    model,
    expression,
    test_condition,
    group_by_columns,
    row_condition
) }}
{% endtest %}

{% macro default__test_expression_is_true(model, expression, test_condition, group_by_columns, row_condition) %}
{{ dbt_expectations.expression_is_true(model, expression, test_condition, group_by_columns, row_condition) }}
{% endmacro %}
