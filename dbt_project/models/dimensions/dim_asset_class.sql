-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.asset_class AS code
    FROM {{ ref('stg_lookups') }} AS staging
    WHERE staging.asset_class != ''
    GROUP BY code
),

{{ ledger_versions(
    'asset_class', staging=ref('stg_lookups')
) }}
