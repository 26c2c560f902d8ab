SELECT
    instrument_id,
    code,
    name,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_instrument') }}
ORDER BY version DESC
LIMIT 1 BY instrument_id
