SELECT
    source_id,
    code,
    name,
    licence,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_source') }}
ORDER BY version DESC
LIMIT 1 BY source_id
