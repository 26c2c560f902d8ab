-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    instrument_id,
    valid_from,
    valid_to,
    code,
    name,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_instrument_ranges') }}
