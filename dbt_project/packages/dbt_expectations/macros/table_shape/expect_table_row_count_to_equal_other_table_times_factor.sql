{# The relation has `factor` times as many rows as another one, per group if grouped. #}
{% test expect_table_row_count_to_equal_other_table_times_factor(
    model,
    compare_model,
    factor,
    group_by=none,
    compare_group_by=none,
    row_condition=none,
    compare_row_condition=none
) %}
{{ adapter.dispatch('test_expect_table_row_count_to_equal_other_table_times_factor', 'dbt_expectations')(
    model,
    compare_model,
    factor,
    group_by,
    compare_group_by,
    row_condition,
    compare_row_condition
) }}
{% endtest %}

{% macro default__test_expect_table_row_count_to_equal_other_table_times_factor(
    model,
    compare_model,
    factor,
    group_by,
    compare_group_by,
    row_condition,
    compare_row_condition
) %}
{{ dbt_expectations.test_expect_table_row_count_to_equal_other_table(
    model,
    compare_model,
    group_by=group_by,
    compare_group_by=compare_group_by,
    factor=factor,
    row_condition=row_condition,
    compare_row_condition=compare_row_condition
) }}
{% endmacro %}
