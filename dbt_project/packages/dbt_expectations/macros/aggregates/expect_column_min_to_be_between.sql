{# The smallest value lies within the bounds. #}
{% test expect_column_min_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    group_by=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_min_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_min_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) %}
{%- set aggregate = "minOrNull(" ~ column_name ~ ")" -%}
{%- set range = dbt_expectations._within(aggregate, min_value, max_value, strictly, column_name) -%}
{{ dbt_expectations.expression_is_true(model, aggregate, range, group_by, row_condition) }}
{% endmacro %}
