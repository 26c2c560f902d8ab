-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    instrument_id,
    code,
    name,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_instrument_latest') }}
