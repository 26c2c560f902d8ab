{# No value is like the pattern. #}
{% test expect_column_values_to_not_match_like_pattern(model, column_name, like_pattern, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_values_to_not_match_like_pattern', 'dbt_expectations')(
    model,
    column_name,
    like_pattern,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_not_match_like_pattern(
    model,
    column_name,
    like_pattern,
    row_condition
) %}
{{ dbt_expectations.expression_is_true(
    model,
    dbt_expectations._get_like_pattern_expression(column_name, like_pattern, false),
    row_condition=row_condition
) }}
{% endmacro %}
