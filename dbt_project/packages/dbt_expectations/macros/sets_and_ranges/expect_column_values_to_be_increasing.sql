{#
    In the order of `sort_column` every value is greater than the one before it, or not less unless strictly; with `step` by exactly this much. Where
    sort keys are equal the smaller value comes first. Without `sort_column` the values stand in their own order, and only repetitions are found.
#}
{% test expect_column_values_to_be_increasing(
    model,
    column_name,
    sort_column=none,
    strictly=true,
    row_condition=none,
    group_by=none,
    step=none
) %}
{{ adapter.dispatch('test_expect_column_values_to_be_increasing', 'dbt_expectations')(
    model,
    column_name,
    sort_column,
    strictly,
    row_condition,
    group_by,
    step
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_increasing(
    model,
    column_name,
    sort_column,
    strictly,
    row_condition,
    group_by,
    step
) %}
{%- set groups = dbt_expectations._as_list(group_by) -%}
SELECT
    * EXCEPT (dbt_expectations_value, dbt_expectations_before, expression, value_before),
    dbt_expectations_value AS expression,
    dbt_expectations_before AS value_before
FROM (
    SELECT
        *,
        ({{ column_name }}) AS dbt_expectations_value,
        lag(toNullable({{ column_name }})) OVER (
            {%- if groups %}
            PARTITION BY {{ groups | join(", ") }}
            {%- endif %}
            ORDER BY {{ sort_column or column_name }}, {{ column_name }}
        ) AS dbt_expectations_before
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
)
WHERE NOT (dbt_expectations_value >{{ "" if strictly else "=" }} dbt_expectations_before
    {%- if step %} AND dbt_expectations_value = dbt_expectations_before + ({{ step }}){% endif %})
{% endmacro %}
