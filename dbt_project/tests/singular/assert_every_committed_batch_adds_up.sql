-- What the audit trail says of a batch is what landing holds, and what facts and open quarantine hold together.
-- Fails when no batch was committed.
{{ config(meta={'dagster': {'ref': {'name': 'fct_observations'}}}) }}

WITH
committed AS (
    SELECT batch_id, argMax(rows_landed, recorded_at) AS rows_said
    FROM {{ source('operations', 'ops_batches') }}
    WHERE feed = 'observations'
    GROUP BY batch_id
    HAVING argMax(state, recorded_at) = 'committed'
),

landed AS (
    SELECT batch_id, count() AS rows_landed
    FROM {{ source('landing', 'landing_observations') }}
    GROUP BY batch_id
),

placed AS (
    SELECT batch_id, count() AS rows_placed
    FROM (
        SELECT batch_id FROM {{ ref('fct_observations') }}
        UNION ALL
        SELECT batch_id FROM {{ ref('quarantine_observations_open') }}
    )
    GROUP BY batch_id
)

SELECT committed.batch_id AS batch_id, rows_said, landed.rows_landed AS rows_landed, placed.rows_placed AS rows_placed
FROM committed
LEFT JOIN landed ON landed.batch_id = committed.batch_id
LEFT JOIN placed ON placed.batch_id = committed.batch_id
WHERE rows_said != landed.rows_landed OR rows_said != placed.rows_placed

UNION ALL

SELECT 0, 0, 0, 0
FROM committed
HAVING count() = 0
