{# The distinct values are the members of the set. NULL is one only where the set lists it. #}
{% test expect_column_distinct_values_to_equal_set(
    model,
    column_name,
    value_set,
    quote_values=true,
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_column_distinct_values_to_equal_set', 'dbt_expectations')(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_distinct_values_to_equal_set(
    model,
    column_name,
    value_set,
    quote_values,
    row_condition
) %}
SELECT DISTINCT toString(dbt_expectations_value) AS value_field, 'is not a member' AS problem
FROM (
    SELECT ({{ column_name }}) AS dbt_expectations_value
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
)
WHERE NOT {{ dbt_expectations._in_set("dbt_expectations_value", value_set, quote_values) }}

UNION ALL

SELECT value_field, 'does not occur' AS problem
FROM ({{ dbt_expectations._absent_members(model, column_name, value_set, quote_values, row_condition) }})
{% endmacro %}
