{# Ranges of one ID neither overlap nor leave a gap. Fails on a relation without rows. #}
{% test without_overlap(model, id) %}
SELECT {{ id }}, valid_to
FROM (
    SELECT
        {{ id }},
        valid_to,
        leadInFrame(valid_from, 1, toDateTime64('2262-01-01', 6, 'UTC') + INTERVAL 1 MICROSECOND)
            OVER (PARTITION BY {{ id }} ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS next_from
    FROM {{ model }}
)
WHERE next_from != valid_to + INTERVAL 1 MICROSECOND

UNION ALL

SELECT 0, toDateTime64(0, 6, 'UTC')
FROM {{ model }}
HAVING count() = 0
{% endtest %}
