{# Every value has so many characters. #}
{% test expect_column_value_lengths_to_equal(model, column_name, value, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_value_lengths_to_equal', 'dbt_expectations')(
    model,
    column_name,
    value,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_value_lengths_to_equal(model, column_name, value, row_condition) %}
{{ dbt_expectations.expression_is_true(
    model,
    "lengthUTF8(toString(" ~ column_name ~ "))",
    "= (" ~ value ~ ")",
    row_condition=row_condition
) }}
{% endmacro %}
