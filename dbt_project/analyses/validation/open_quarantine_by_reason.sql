-- What is kept out, by reason, with what to do about each. A row counts once for each of its reasons.
SELECT
    reason,
    count() AS rows_open,
    uniqExact(batch_id) AS batches,
    min(received_at) AS since,
    dictGetOrDefault('{{ ref('dict_reason').schema }}.dict_reason', 'remedy', ('observations', toString(reason)), '') AS remedy
FROM {{ ref('quarantine_observations_open') }}
ARRAY JOIN reasons AS reason
GROUP BY reason
ORDER BY rows_open DESC, reason
