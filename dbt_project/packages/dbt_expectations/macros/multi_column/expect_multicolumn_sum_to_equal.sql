{# The sum of the columns' sums equals `sum_total`: a number, or an expression that is summed too. Over no values it is NULL, and passes. #}
{% test expect_multicolumn_sum_to_equal(model, column_list, sum_total, group_by=none, row_condition=none) %}
{{ adapter.dispatch('test_expect_multicolumn_sum_to_equal', 'dbt_expectations')(
    model,
    column_list,
    sum_total,
    group_by,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_multicolumn_sum_to_equal(model, column_list, sum_total, group_by, row_condition) %}
{%- set sums = [] -%}
{%- for column in column_list -%}{%- do sums.append("sumOrNull(" ~ dbt_expectations._exact(column) ~ ")") -%}{%- endfor -%}
{%- set total = sum_total if sum_total is number else "sumOrNull(" ~ dbt_expectations._exact(sum_total) ~ ")" -%}
{{ dbt_expectations.expression_is_true(model, sums | join(" + "), "= (" ~ total ~ ")", group_by, row_condition) }}
{% endmacro %}
