-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    field_id,
    code,
    field_type,
    description,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_field_latest') }}
