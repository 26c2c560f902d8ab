{# In every row A is greater than B, or equal where `or_equal` allows it. #}
{% test expect_column_pair_values_A_to_be_greater_than_B(
    model,
    column_A,
    column_B,
    or_equal=false,
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_column_pair_values_A_to_be_greater_than_B', 'dbt_expectations')(
    model,
    column_A,
    column_B,
    or_equal,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_pair_values_A_to_be_greater_than_B(
    model,
    column_A,
    column_B,
    or_equal,
    row_condition
) %}
{%- set comparison = ">=" if or_equal else ">" -%}
{{ dbt_expectations.expression_is_true(
    model,
    "(" ~ column_A ~ ") " ~ comparison ~ " (" ~ column_B ~ ")",
    row_condition=row_condition
) }}
{% endmacro %}
