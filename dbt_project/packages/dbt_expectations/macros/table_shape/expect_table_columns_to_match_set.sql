{# The relation has the listed columns and no others, in any order. #}
{% test expect_table_columns_to_match_set(model, column_list, transform="upper") %}
{{ adapter.dispatch('test_expect_table_columns_to_match_set', 'dbt_expectations')(model, column_list, transform) }}
{% endtest %}

{% macro default__test_expect_table_columns_to_match_set(model, column_list, transform) %}
{%- set columns = dbt_expectations._get_column_list(model, transform) -%}
{%- set wanted = column_list | map(transform) | unique(case_sensitive=true) | list -%}
{%- set wrong = [] -%}
{%- if execute -%}
    {%- for column in wanted if column not in columns -%}{%- do wrong.append([column, "is not in the relation"]) -%}{%- endfor -%}
    {%- for column in columns if column not in wanted -%}{%- do wrong.append([column, "is not in the list"]) -%}{%- endfor -%}
{%- endif -%}
{{ dbt_expectations._told_rows(["column_name", "problem"], wrong) }}
{% endmacro %}
