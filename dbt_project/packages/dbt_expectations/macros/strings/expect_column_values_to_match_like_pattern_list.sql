{# Every value is like at least one of the patterns; with `match_on: all` like every one. #}
{% test expect_column_values_to_match_like_pattern_list(
    model,
    column_name,
    like_pattern_list,
    match_on="any",
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_column_values_to_match_like_pattern_list', 'dbt_expectations')(
    model,
    column_name,
    like_pattern_list,
    match_on,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_match_like_pattern_list(
    model,
    column_name,
    like_pattern_list,
    match_on,
    row_condition
) %}
{%- set conditions = [] -%}
{%- for like_pattern in like_pattern_list or [] -%}
    {%- do conditions.append(dbt_expectations._get_like_pattern_expression(column_name, like_pattern, true)) -%}
{%- endfor -%}
{{ dbt_expectations.expression_is_true(model, dbt_expectations._combined(conditions, match_on), row_condition=row_condition) }}
{% endmacro %}
