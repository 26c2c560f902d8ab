SELECT
    code,
    instrument_id
FROM {{ ref('dim_instrument') }}
ORDER BY version DESC
LIMIT 1 BY instrument_id
