-- Batches whose landed rows are not all in the fact, in open quarantine or discarded. Should be empty, but for loads that run now.
WITH
said AS (
    SELECT
        batch_id,
        argMin(source_file, recorded_at) AS file,
        countIf(state = 'committed') > 0 AS is_committed
    FROM {{ source('operations', 'ops_batches') }}
    WHERE feed = 'observations'
    GROUP BY batch_id
),

latest AS (
    SELECT batch_id, row_number, argMax(reason_mask, attempt) AS mask
    FROM {{ ref('quarantine_observations') }}
    GROUP BY batch_id, row_number
),

places AS (
    SELECT batch_id, count() AS landed, 0 AS facts, 0 AS open, 0 AS discarded
    FROM {{ source('landing', 'landing_observations') }}
    GROUP BY batch_id

    UNION ALL

    SELECT batch_id, 0, count(), 0, 0
    FROM {{ ref('fct_observations') }}
    GROUP BY batch_id

    UNION ALL

    SELECT batch_id, 0, 0, countIf(mask != 0 AND NOT bitTest(mask, 63)), countIf(bitTest(mask, 63))
    FROM latest
    GROUP BY batch_id
)

SELECT
    batch_id,
    any(said.file) AS source_file,
    any(said.is_committed) AS was_committed,
    sum(landed) AS rows_landed,
    sum(facts) AS rows_in_fact,
    sum(open) AS rows_open,
    sum(discarded) AS rows_discarded
FROM places
LEFT JOIN said ON said.batch_id = places.batch_id
GROUP BY batch_id
HAVING rows_landed != rows_in_fact + rows_open + rows_discarded
ORDER BY batch_id
