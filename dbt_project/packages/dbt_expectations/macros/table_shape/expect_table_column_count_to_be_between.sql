{# The relation has at least and at most so many columns. #}
{% test expect_table_column_count_to_be_between(model, min_value=none, max_value=none) %}
{{ adapter.dispatch('test_expect_table_column_count_to_be_between', 'dbt_expectations')(model, min_value, max_value) }}
{% endtest %}

{% macro default__test_expect_table_column_count_to_be_between(model, min_value, max_value) %}
{%- if min_value is none and max_value is none -%}
    {%- do exceptions.raise_compiler_error("A range needs min_value, max_value or both.") -%}
{%- endif -%}
{%- set count = dbt_expectations._columns(model) | length -%}
{%- set is_wrong = execute and ((min_value is not none and count < min_value) or (max_value is not none and count > max_value)) -%}
{{ dbt_expectations._told_rows(["column_count"], [[count]] if is_wrong else []) }}
{% endmacro %}
