-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    source_id,
    valid_from,
    valid_to,
    code,
    name,
    licence,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_source_ranges') }}
