{# The mart has as many rows of the fact, day by day, as the fact itself: of the range that the run is for, or of all days. #}
{% test equals_fact_by_day(model, fact, event_time, rows) %}
{%- set range = range_of_days() -%}
{%- set in_range = "day BETWEEN toDate('" ~ range[0] ~ "') AND toDate('" ~ range[1] ~ "')" if range else 'true' %}
SELECT
    day,
    sum(of_fact) AS rows_of_fact,
    sum(of_mart) AS rows_of_mart
FROM (
    SELECT toDate({{ event_time }}) AS day, count() AS of_fact, 0 AS of_mart
    FROM {{ fact }}
    WHERE {{ in_range }}
    GROUP BY day
    UNION ALL
    SELECT day, 0, sum({{ rows }})
    FROM {{ model }}
    WHERE {{ in_range }}
    GROUP BY day
)
GROUP BY day
HAVING rows_of_fact != rows_of_mart
ORDER BY day
LIMIT 100
{% endtest %}
