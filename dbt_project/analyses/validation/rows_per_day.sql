-- Rows landed per day beside the median of the same weekday in the twelve weeks before, and how many deviations it is away.
WITH days AS (
    SELECT toDate(received_at) AS day, count() AS rows_of_day
    FROM {{ source('landing', 'landing_observations') }}
    GROUP BY day
),

compared AS (
    SELECT
        later.day AS day,
        any(later.rows_of_day) AS rows_landed,
        countIf(earlier.rows_of_day > 0) AS days_before,
        arrayReduce('quantileExact(0.5)', groupArrayIf(earlier.rows_of_day, earlier.rows_of_day > 0)) AS median_before,
        groupArrayIf(toInt64(earlier.rows_of_day), earlier.rows_of_day > 0) AS all_before
    FROM days AS later
    LEFT JOIN days AS earlier ON toDayOfWeek(earlier.day) = toDayOfWeek(later.day)
        AND earlier.day < later.day AND earlier.day >= later.day - INTERVAL 12 WEEK
    GROUP BY later.day
)

SELECT
    day,
    rows_landed,
    days_before,
    median_before,
    arrayReduce('quantileExact(0.5)', arrayMap(n -> abs(n - toInt64(median_before)), all_before)) AS median_deviation,
    if(median_deviation > 0, (toInt64(rows_landed) - toInt64(median_before)) / (1.4826 * median_deviation), NULL) AS deviations
FROM compared
ORDER BY day DESC
