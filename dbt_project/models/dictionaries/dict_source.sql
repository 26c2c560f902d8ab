-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    source_id,
    code,
    name,
    licence,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_source_latest') }}
