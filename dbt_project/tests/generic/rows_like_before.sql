{#
    The rows of the last day that had any, beside those of the same weekday before: further from their median than `deviations` times the
    median absolute deviation (scaled to a standard deviation, and at least `tolerance` of the median) is told. Robust: one odd day
    in the history moves neither. Fewer than `history` such days are no history, and nothing is judged.
#}
{% test rows_like_before(model, rows, time, deviations=5, tolerance=0.2, history=4, weeks=12) %}
WITH
days AS (
    SELECT toDate({{ time }}) AS day, count() AS rows_of_day
    FROM {{ rows }}
    WHERE {{ time }} >= (SELECT max({{ time }}) FROM {{ rows }}) - INTERVAL {{ weeks }} WEEK - INTERVAL 1 DAY
    GROUP BY day
),

last AS (
    SELECT day AS last_day, rows_of_day AS last_rows FROM days ORDER BY day DESC LIMIT 1
),

before AS (
    SELECT rows_of_day, last_day, last_rows
    FROM days
    CROSS JOIN last
    WHERE day < last_day AND toDayOfWeek(day) = toDayOfWeek(last_day)
),

middle AS (
    SELECT
        any(last_day) AS last_day,
        any(last_rows) AS last_rows,
        count() AS days_before,
        quantileExact(0.5)(rows_of_day) AS median_rows,
        arrayReduce('quantileExact(0.5)', arrayMap(n -> abs(toInt64(n) - toInt64(median_rows)), groupArray(rows_of_day))) AS deviation
    FROM before
)

SELECT last_day, last_rows, days_before, median_rows, deviation
FROM middle
WHERE days_before >= {{ history }}
    AND abs(toInt64(last_rows) - toInt64(median_rows)) > greatest({{ deviations }} * 1.4826 * deviation, {{ tolerance }} * median_rows)
{% endtest %}
