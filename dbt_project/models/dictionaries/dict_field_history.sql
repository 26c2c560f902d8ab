-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    field_id,
    valid_from,
    valid_to,
    code,
    field_type,
    description,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_field_ranges') }}
