{# Every value has at least and at most so many characters. #}
{% test expect_column_value_lengths_to_be_between(
    model,
    column_name,
    min_value=none,
    max_value=none,
    row_condition=none,
    strictly=false
) %}
{{ adapter.dispatch('test_expect_column_value_lengths_to_be_between', 'dbt_expectations')(
    model,
    column_name,
    min_value,
    max_value,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_value_lengths_to_be_between(
    model,
    column_name,
    min_value,
    max_value,
    row_condition,
    strictly
) %}
{{ dbt_expectations.expression_between(
    model,
    "lengthUTF8(toString(" ~ column_name ~ "))",
    min_value,
    max_value,
    none,
    row_condition,
    strictly
) }}
{% endmacro %}
