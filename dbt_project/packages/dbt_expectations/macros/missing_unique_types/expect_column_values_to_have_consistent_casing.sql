{# No two values differ only in case, in any alphabet. With `display_inconsistent_columns` each group of such values is a row. #}
{% test expect_column_values_to_have_consistent_casing(model, column_name, display_inconsistent_columns=false) %}
{{ adapter.dispatch('test_expect_column_values_to_have_consistent_casing', 'dbt_expectations')(
    model,
    column_name,
    display_inconsistent_columns
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_have_consistent_casing(
    model,
    column_name,
    display_inconsistent_columns
) %}
{%- if display_inconsistent_columns %}
SELECT dbt_expectations_folded AS lower_case, groupArray(dbt_expectations_value) AS spellings
FROM (
    SELECT DISTINCT toString({{ column_name }}) AS dbt_expectations_value, lowerUTF8(dbt_expectations_value) AS dbt_expectations_folded
    FROM {{ model }}
    WHERE ({{ column_name }}) IS NOT NULL
)
GROUP BY dbt_expectations_folded
HAVING count() > 1
{%- else %}
SELECT dbt_expectations_spellings AS set_count, dbt_expectations_texts AS set_count_case_insensitive
FROM (
    SELECT count() AS dbt_expectations_spellings, uniqExact(lowerUTF8(dbt_expectations_value)) AS dbt_expectations_texts
    FROM (SELECT DISTINCT toString({{ column_name }}) AS dbt_expectations_value FROM {{ model }} WHERE ({{ column_name }}) IS NOT NULL)
)
WHERE dbt_expectations_spellings != dbt_expectations_texts
{%- endif %}
{% endmacro %}
