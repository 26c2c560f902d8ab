{# Inside each row the listed columns all differ, compared as text. NULL is no value: a row with one fails unless `any_value_is_missing` leaves it out. #}
{% test expect_select_column_values_to_be_unique_within_record(
    model,
    column_list,
    quote_columns=false,
    ignore_row_if="all_values_are_missing",
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_select_column_values_to_be_unique_within_record', 'dbt_expectations')(
    model,
    column_list,
    quote_columns,
    ignore_row_if,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_select_column_values_to_be_unique_within_record(
    model,
    column_list,
    quote_columns,
    ignore_row_if,
    row_condition
) %}
{%- set columns, texts = [], [] -%}
{%- for column in column_list -%}
    {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- do texts.append("toString(" ~ columns[-1] ~ ")") -%}
{%- endfor -%}
SELECT
    * EXCEPT (dbt_expectations_values, row_index, column_values),
    rowNumberInAllBlocks() + 1 AS row_index,
    dbt_expectations_values AS column_values
FROM (
    SELECT *, [{{ texts | join(", ") }}] AS dbt_expectations_values
    FROM {{ model }}
    WHERE {{ dbt_expectations.ignore_row_if_expression(ignore_row_if, columns) }}
    {%- if row_condition %} AND ({{ row_condition }}){% endif %}
)
WHERE length(arrayDistinct(dbt_expectations_values)) < {{ columns | length }}
{% endmacro %}
