{#
    The column is summed per group, and each sum lies within so many sample deviations of the mean of all sums. Without `group_by` every row is a
    group of its own.
#}
{% test expect_column_values_to_be_within_n_stdevs(model, column_name, group_by=none, sigma_threshold=3) %}
{{ adapter.dispatch('test_expect_column_values_to_be_within_n_stdevs', 'dbt_expectations')(
    model,
    column_name,
    group_by,
    sigma_threshold
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_within_n_stdevs(model, column_name, group_by, sigma_threshold) %}
{%- set groups = dbt_expectations._as_list(group_by) -%}
{%- set sums -%}
    SELECT
        {%- if groups %}
        {%- for group in groups %}
        ({{ group }}) AS dbt_expectations_group_{{ loop.index }},
        {%- endfor %}
        toFloat64(sumOrNull({{ dbt_expectations._exact(column_name) }})) AS dbt_expectations_value
        {%- else %}
        * EXCEPT (expression, expression_avg, expression_stddev, expression_sigma),
        toFloat64({{ column_name }}) AS dbt_expectations_value
        {%- endif %}
    FROM {{ model }}
    {%- if groups %}
    GROUP BY ({{ groups | join("), (") }})
    {%- endif %}
{%- endset -%}
WITH (
    SELECT (avgOrNull(dbt_expectations_value), if(count(dbt_expectations_value) < 2, NULL, stddevSampStable(dbt_expectations_value)))
    FROM ({{ sums }})
) AS dbt_expectations_statistics
SELECT
    {%- for group in groups %}
    dbt_expectations_group_{{ loop.index }} AS col_{{ loop.index }},
    {%- else %}
    * EXCEPT (dbt_expectations_value),
    {%- endfor %}
    dbt_expectations_value AS expression,
    dbt_expectations_statistics.1 AS expression_avg,
    dbt_expectations_statistics.2 AS expression_stddev,
    (expression - expression_avg) / nullIf(expression_stddev, 0) AS expression_sigma
FROM ({{ sums }})
WHERE NOT (abs((dbt_expectations_value - dbt_expectations_statistics.1) / nullIf(dbt_expectations_statistics.2, 0)) <= {{ sigma_threshold }})
{% endmacro %}
