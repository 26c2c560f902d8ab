-- Landed rows that are neither in the fact nor in quarantine, with their file. Should be empty, but for loads that run now.
SELECT
    batch.file AS source_file,
    landed.batch_id AS batch_id,
    landed.row_number AS row_number,
    landed.received_at AS received_at
FROM {{ source('landing', 'landing_observations') }} AS landed
LEFT JOIN (
    SELECT batch_id, argMin(source_file, recorded_at) AS file
    FROM {{ source('operations', 'ops_batches') }}
    GROUP BY batch_id
) AS batch ON batch.batch_id = landed.batch_id
WHERE (landed.batch_id, landed.row_number) NOT IN (SELECT batch_id, row_number FROM {{ ref('fct_observations') }})
    AND (landed.batch_id, landed.row_number) NOT IN (
        SELECT batch_id, row_number
        FROM {{ ref('quarantine_observations') }}
        GROUP BY batch_id, row_number
        HAVING argMax(reason_mask, attempt) != 0
    )
ORDER BY batch_id, row_number
