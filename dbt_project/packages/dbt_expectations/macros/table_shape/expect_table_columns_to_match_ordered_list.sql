{# The relation has the listed columns and no others, in this order. #}
{% test expect_table_columns_to_match_ordered_list(model, column_list, transform="upper") %}
{{ adapter.dispatch('test_expect_table_columns_to_match_ordered_list', 'dbt_expectations')(
    model,
    column_list,
    transform
) }}
{% endtest %}

{% macro default__test_expect_table_columns_to_match_ordered_list(model, column_list, transform) %}
{%- set columns = dbt_expectations._get_column_list(model, transform) -%}
{%- set wanted = column_list | map(transform) | list -%}
{%- set wrong = [] -%}
{%- for place in range([columns | length, wanted | length] | max if execute else 0) if columns[place:place + 1] != wanted[place:place + 1] -%}
    {%- if place < wanted | length -%}{%- do wrong.append([place + 1, wanted[place], "is in the list"]) -%}{%- endif -%}
    {%- if place < columns | length -%}{%- do wrong.append([place + 1, columns[place], "is in the relation"]) -%}{%- endif -%}
{%- endfor -%}
{{ dbt_expectations._told_rows(["place", "column_name", "problem"], wrong) }}
{% endmacro %}
