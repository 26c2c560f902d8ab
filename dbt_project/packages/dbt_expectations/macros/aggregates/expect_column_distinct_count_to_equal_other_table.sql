{# A column has as many distinct values as one of another relation, NULL not counted. #}
{% test expect_column_distinct_count_to_equal_other_table(
    model,
    compare_model,
    column_name,
    compare_column_name,
    row_condition=none,
    compare_row_condition=none
) %}
{{ adapter.dispatch('test_expect_column_distinct_count_to_equal_other_table', 'dbt_expectations')(
    model,
    compare_model,
    column_name,
    compare_column_name,
    row_condition,
    compare_row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_distinct_count_to_equal_other_table(
    model,
    compare_model,
    column_name,
    compare_column_name,
    row_condition,
    compare_row_condition
) %}
SELECT dbt_expectations_count AS expression, dbt_expectations_compare_count AS compare_expression
FROM (
    SELECT
        (
            SELECT uniqExact({{ column_name }})
            FROM {{ model }}
            {{ dbt_expectations._where(row_condition) }}
        ) AS dbt_expectations_count,
        (
            SELECT uniqExact({{ compare_column_name or column_name }})
            FROM {{ compare_model or model }}
            {{ dbt_expectations._where(compare_row_condition or row_condition) }}
        ) AS dbt_expectations_compare_count
)
WHERE dbt_expectations_count != dbt_expectations_compare_count
{% endmacro %}
