{# None of the listed columns is in the relation. #}
{% test expect_table_columns_to_not_contain_set(model, column_list, transform="upper") %}
{{ adapter.dispatch('test_expect_table_columns_to_not_contain_set', 'dbt_expectations')(
    model,
    column_list,
    transform
) }}
{% endtest %}

{% macro default__test_expect_table_columns_to_not_contain_set(model, column_list, transform) %}
{%- set unwanted = column_list | map(transform) | unique(case_sensitive=true) | list -%}
{%- set found = dbt_expectations._list_intersect(unwanted, dbt_expectations._get_column_list(model, transform)) -%}
{{ dbt_expectations._told_rows(["unwanted_column"], found | batch(1) | list) }}
{% endmacro %}
