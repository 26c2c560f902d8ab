{# The newest value that does not lie in the future is not older than `interval` dateparts. Without such a value the test fails. #}
{% test expect_row_values_to_have_recent_data(model, column_name, datepart, interval, row_condition=none) %}
{{ adapter.dispatch('test_expect_row_values_to_have_recent_data', 'dbt_expectations')(
    model,
    column_name,
    datepart,
    interval,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_row_values_to_have_recent_data(model, column_name, datepart, interval, row_condition) %}
SELECT dbt_expectations_newest AS newest, dbt_expectations_limit AS oldest_allowed
FROM (
    SELECT
        maxOrNullIf(toDateTime64({{ column_name }}, 6), toDateTime64({{ column_name }}, 6) <= now64(6)) AS dbt_expectations_newest,
        dateAdd({{ datepart }}, -({{ interval }}), now64(6)) AS dbt_expectations_limit
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
)
WHERE dbt_expectations_newest IS NULL OR dbt_expectations_newest < dbt_expectations_limit
{% endmacro %}
