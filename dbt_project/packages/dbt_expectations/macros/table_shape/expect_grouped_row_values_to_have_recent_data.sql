{#
    In every group the newest value that does not lie in the future is not older than `interval` dateparts. A group without such a value fails,
    and so does a relation without groups.
#}
{% test expect_grouped_row_values_to_have_recent_data(
    model,
    group_by,
    timestamp_column,
    datepart,
    interval,
    row_condition=none
) %}
{{ adapter.dispatch('test_expect_grouped_row_values_to_have_recent_data', 'dbt_expectations')(
    model,
    group_by,
    timestamp_column,
    datepart,
    interval,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_grouped_row_values_to_have_recent_data(
    model,
    group_by,
    timestamp_column,
    datepart,
    interval,
    row_condition
) %}
{%- set groups = dbt_expectations._as_list(group_by) -%}
SELECT
    {%- for group in groups %}
    dbt_expectations_group_{{ loop.index }} AS col_{{ loop.index }},
    {%- endfor %}
    dbt_expectations_newest AS newest,
    dbt_expectations_limit AS oldest_allowed
FROM (
    SELECT
        {%- for group in groups %}
        ({{ group }}) AS dbt_expectations_group_{{ loop.index }},
        {%- endfor %}
        maxOrNullIf(toDateTime64({{ timestamp_column }}, 6), toDateTime64({{ timestamp_column }}, 6) <= now64(6)) AS dbt_expectations_newest,
        dateAdd({{ datepart }}, -({{ interval }}), now64(6)) AS dbt_expectations_limit
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
    {%- if groups %}
    GROUP BY ({{ groups | join("), (") }})
    {%- endif %}
)
WHERE dbt_expectations_newest IS NULL OR dbt_expectations_newest < dbt_expectations_limit
{%- if groups %}

UNION ALL

SELECT {% for group in groups %}NULL, {% endfor %}NULL, dateAdd({{ datepart }}, -({{ interval }}), now64(6))
FROM (
    SELECT count() AS dbt_expectations_count
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
)
WHERE dbt_expectations_count = 0
{%- endif %}
{% endmacro %}
