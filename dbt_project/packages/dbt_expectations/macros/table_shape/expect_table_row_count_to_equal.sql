{# The relation, or every group of it, has so many rows. #}
{% test expect_table_row_count_to_equal(model, value, group_by=none, row_condition=none) %}
{{ adapter.dispatch('test_expect_table_row_count_to_equal', 'dbt_expectations')(
    model,
    value,
    group_by,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_table_row_count_to_equal(model, value, group_by, row_condition) %}
{{ dbt_expectations.expression_is_true(model, "count()", "= (" ~ value ~ ")", group_by, row_condition) }}
{% endmacro %}
