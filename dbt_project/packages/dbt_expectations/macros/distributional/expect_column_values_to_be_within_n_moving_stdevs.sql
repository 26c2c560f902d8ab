{#
    The column is summed per period, and each of the last periods (but the running one) lies within so many deviations of those before it: of their
    logarithms unless `take_logs` is off, and of the differences between them unless `take_diffs` is. Fewer than two periods before one judge nothing.
#}
{% test expect_column_values_to_be_within_n_moving_stdevs(
    model,
    column_name,
    date_column_name,
    group_by=none,
    period="day",
    lookback_periods=1,
    trend_periods=7,
    test_periods=14,
    sigma_threshold=3,
    sigma_threshold_upper=none,
    sigma_threshold_lower=none,
    take_diffs=true,
    take_logs=true
) %}
{{ adapter.dispatch('test_expect_column_values_to_be_within_n_moving_stdevs', 'dbt_expectations')(
    model,
    column_name,
    date_column_name,
    group_by,
    period,
    lookback_periods,
    trend_periods,
    test_periods,
    sigma_threshold,
    sigma_threshold_upper,
    sigma_threshold_lower,
    take_diffs,
    take_logs
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_within_n_moving_stdevs(
    model,
    column_name,
    date_column_name,
    group_by,
    period,
    lookback_periods,
    trend_periods,
    test_periods,
    sigma_threshold,
    sigma_threshold_upper,
    sigma_threshold_lower,
    take_diffs,
    take_logs
) %}
{%- set groups = dbt_expectations._as_list(group_by) -%}
{%- set columns = [] -%}
{%- for group in groups -%}{%- do columns.append("col_" ~ loop.index) -%}{%- endfor -%}
{%- set by_period = ("PARTITION BY " ~ columns | join(", ") if columns else "") ~ " ORDER BY metric_period" -%}
{%- set this_period = "date_trunc('" ~ period ~ "', now64(0))" -%}
{%- set lowest = sigma_threshold_lower or -sigma_threshold -%}
{%- set highest = sigma_threshold_upper or sigma_threshold -%}
WITH metric_values AS (
    SELECT
        date_trunc('{{ period }}', toDateTime64({{ date_column_name }}, 0)) AS dbt_expectations_period,
        {%- for group in groups %}
        ({{ group }}) AS dbt_expectations_group_{{ loop.index }},
        {%- endfor %}
        sumOrNull({{ dbt_expectations._exact(column_name) }}) AS dbt_expectations_sum
    FROM {{ model }}
    WHERE ({{ date_column_name }}) IS NOT NULL
    GROUP BY ALL
),

levels AS (
    SELECT
        dbt_expectations_period AS metric_period,
        {%- for group in groups %}
        dbt_expectations_group_{{ loop.index }} AS col_{{ loop.index }},
        {%- endfor %}
        dbt_expectations_sum AS metric_sum,
        {{ dbt_expectations._get_metric_expression("metric_sum", take_logs) }} AS metric_level
    FROM metric_values
),

changes AS (
    SELECT
        *,
        {%- if take_diffs %}
        metric_level - ifNull(lag(toNullable(metric_level), {{ lookback_periods }}) OVER ({{ by_period }}), 0) AS metric_test_value
        {%- else %}
        metric_level AS metric_test_value
        {%- endif %}
    FROM levels
),

trends AS (
    SELECT
        *,
        avg(metric_test_value) OVER trend AS metric_moving_average,
        if(count() OVER trend < 2, NULL, stddevSampStable(metric_test_value) OVER trend) AS metric_moving_stddev
    FROM changes
    WINDOW trend AS ({{ by_period }} ROWS BETWEEN {{ trend_periods }} PRECEDING AND 1 PRECEDING)
)

SELECT *
FROM (
    SELECT *, (metric_test_value - metric_moving_average) / nullIf(metric_moving_stddev, 0) AS metric_sigma
    FROM trends
    WHERE metric_period >= dateAdd({{ period }}, -({{ test_periods }}), {{ this_period }}) AND metric_period < {{ this_period }}
)
WHERE NOT (metric_sigma BETWEEN ({{ lowest }}) AND ({{ highest }}))
{% endmacro %}
