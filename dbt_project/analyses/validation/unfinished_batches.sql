-- Loads that began and were not committed, with their last word: load the file again, or `touchstone backfill` where it is wholly landed.
SELECT
    feed,
    batch_id,
    argMin(source_file, recorded_at) AS file,
    min(recorded_at) AS began_at,
    argMax(state, recorded_at) AS last_state,
    argMax(message, recorded_at) AS last_message
FROM {{ source('operations', 'ops_batches') }}
GROUP BY feed, batch_id
HAVING countIf(state = 'committed') = 0
ORDER BY began_at
