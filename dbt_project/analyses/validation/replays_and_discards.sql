-- What was done with quarantined rows: by whom, which rows, why, and what came of it, the latest first.
SELECT
    min(recorded_at) AS began_at,
    feed,
    any(action) AS done,
    argMax(state, (recorded_at, state)) AS last_state,
    any(actor) AS by_whom,
    any(selection) AS selected,
    any(note) AS reason_given,
    max(rows_selected) AS rows_about,
    max(rows_accepted) AS rows_done,
    operation_id
FROM {{ source('operations', 'ops_quarantine') }}
GROUP BY feed, operation_id
ORDER BY began_at DESC
