{# There are fewer than so many distinct values, NULL not counted. `quote_values` is accepted and means nothing. #}
{% test expect_column_distinct_count_to_be_less_than(
    model,
    column_name,
    value,
    group_by=none,
    row_condition=none,
    quote_values=none
) %}
{{ adapter.dispatch('test_expect_column_distinct_count_to_be_less_than', 'dbt_expectations')(
    model,
    column_name,
    value,
    group_by,
    row_condition,
    quote_values
) }}
{% endtest %}

{% macro default__test_expect_column_distinct_count_to_be_less_than(
    model,
    column_name,
    value,
    group_by,
    row_condition,
    quote_values
) %}
{{ dbt_expectations.expression_is_true(model, "uniqExact(" ~ column_name ~ ")", "< (" ~ value ~ ")", group_by, row_condition) }}
{% endmacro %}
