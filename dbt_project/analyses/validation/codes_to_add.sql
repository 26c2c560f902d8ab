-- Codes that rows in quarantine wait for, the one that most rows wait for first: what to add to the lookup desk, or to have corrected.
SELECT
    unknown.1 AS at_column,
    trimBoth(unknown.2) AS code,
    count() AS rows_waiting,
    uniqExact(batch_id) AS batches,
    min(received_at) AS since
FROM {{ ref('quarantine_observations_open') }}
ARRAY JOIN [
    ('source', source),
    ('instrument', instrument),
    ('asset_class', asset_class),
    ('sub_asset_class', sub_asset_class),
    ('product_type', product_type),
    ('data_class', data_class),
    ('field', field)
] AS unknown
WHERE has(reasons, concat('unknown_', unknown.1))
GROUP BY at_column, code
ORDER BY rows_waiting DESC, at_column, code
