{# The share of distinct values among all that are not NULL lies within the bounds; it is 1 where there are none. #}
{% test expect_column_proportion_of_unique_values_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    group_by=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_proportion_of_unique_values_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_proportion_of_unique_values_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    group_by,
    row_condition,
    strictly
) %}
{%- set aggregate = "if(count(" ~ column_name ~ ") = 0, 1, uniqExact(" ~ column_name ~ ") / count(" ~ column_name ~ "))" -%}
{{ dbt_expectations.expression_between(model, aggregate, min_value, max_value, group_by, row_condition, strictly) }}
{% endmacro %}
