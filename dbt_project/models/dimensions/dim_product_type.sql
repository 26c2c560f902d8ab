-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.product_type AS code
    FROM {{ ref('stg_lookups') }} AS staging
    WHERE staging.product_type != ''
    GROUP BY code
),

{{ ledger_versions(
    'product_type', staging=ref('stg_lookups')
) }}
