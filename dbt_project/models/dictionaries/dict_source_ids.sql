SELECT
    code,
    source_id
FROM {{ ref('dim_source') }}
ORDER BY version DESC
LIMIT 1 BY source_id
