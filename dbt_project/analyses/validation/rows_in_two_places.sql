-- Landed rows that are twice in the fact, or in the fact and in quarantine at once. Should be empty.
SELECT
    batch_id,
    row_number,
    countIf(place = 'fact') AS times_in_fact,
    countIf(place = 'quarantine') AS times_in_quarantine
FROM (
    SELECT batch_id, row_number, 'fact' AS place
    FROM {{ ref('fct_observations') }}

    UNION ALL

    SELECT batch_id, row_number, 'quarantine'
    FROM {{ ref('quarantine_observations') }}
    GROUP BY batch_id, row_number
    HAVING argMax(reason_mask, attempt) != 0
)
GROUP BY batch_id, row_number
HAVING count() > 1
ORDER BY batch_id, row_number
