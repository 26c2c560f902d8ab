{# No combination of values occurs twice; NULL equals NULL. #}
{% test expect_compound_columns_to_be_unique(
    model,
    column_list,
    quote_columns=false,
    ignore_row_if="all_values_are_missing",
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_compound_columns_to_be_unique', 'dbt_expectations')(
    model,
    column_list,
    quote_columns,
    ignore_row_if,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_compound_columns_to_be_unique(
    model,
    column_list,
    quote_columns,
    ignore_row_if,
    row_condition
) %}
{%- if not column_list -%}{%- do exceptions.raise_compiler_error("An empty column_list: a key has at least one column.") -%}{%- endif -%}
{%- set columns = [] -%}
{%- for column in dbt_expectations._as_list(column_list) -%}
    {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
{%- endfor -%}
SELECT * EXCEPT (dbt_expectations_count), dbt_expectations_count AS n_records
FROM (
    SELECT {{ columns | join(", ") }}, count() AS dbt_expectations_count
    FROM {{ model }}
    WHERE {{ dbt_expectations.ignore_row_if_expression(ignore_row_if, columns) }}
    {%- if row_condition %} AND ({{ row_condition }}){% endif %}
    GROUP BY {{ columns | join(", ") }}
    HAVING dbt_expectations_count > 1
)
{% endmacro %}
