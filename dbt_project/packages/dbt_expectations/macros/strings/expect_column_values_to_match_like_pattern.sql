{# Every value is like the pattern, as a whole and in its case. #}
{% test expect_column_values_to_match_like_pattern(model, column_name, like_pattern, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_values_to_match_like_pattern', 'dbt_expectations')(
    model,
    column_name,
    like_pattern,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_match_like_pattern(model, column_name, like_pattern, row_condition) %}
{{ dbt_expectations.expression_is_true(
    model,
    dbt_expectations._get_like_pattern_expression(column_name, like_pattern, true),
    row_condition=row_condition
) }}
{% endmacro %}
