{# The average lies within the bounds; NULL over no values passes. #}
{% test expect_column_mean_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    group_by=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_mean_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_mean_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) %}
{%- set aggregate = "avgOrNull(" ~ dbt_expectations._exact(column_name) ~ ")" -%}
{{ dbt_expectations.expression_between(model, aggregate, min_value, max_value, group_by, row_condition, strictly) }}
{% endmacro %}
