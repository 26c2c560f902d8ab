-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.instrument AS code,
        staging.instrument_name AS name,
        staging.first_landed AS first_landed
    FROM {{ ref('stg_instruments') }} AS staging
    WHERE staging.instrument != ''
),

{{ minted_versions(
    'instrument', staging=ref('stg_instruments'),
    attributes=['name'], mint_order=['first_landed', 'code'], retires=false
) }}
