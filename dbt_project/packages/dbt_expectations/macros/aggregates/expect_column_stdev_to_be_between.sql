{# The sample deviation lies within the bounds; fewer than two values have none, and pass. #}
{% test expect_column_stdev_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    group_by=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_stdev_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_stdev_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) %}
{%- set aggregate = "if(count(" ~ column_name ~ ") < 2, NULL, stddevSampStable(toFloat64(" ~ column_name ~ ")))" -%}
{{ dbt_expectations.expression_between(model, aggregate, min_value, max_value, group_by, row_condition, strictly) }}
{% endmacro %}
