{# Every value is NULL. #}
{% test expect_column_values_to_be_null(model, column_name, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_values_to_be_null', 'dbt_expectations')(model, column_name, row_condition) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_null(model, column_name, row_condition) %}
{{ dbt_expectations.expression_is_true(model, "(" ~ column_name ~ ") IS NULL", row_condition=row_condition) }}
{% endmacro %}
