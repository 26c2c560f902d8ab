-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.data_class AS code
    FROM {{ ref('stg_lookups') }} AS staging
    WHERE staging.data_class != ''
    GROUP BY code
),

{{ ledger_versions(
    'data_class', staging=ref('stg_lookups')
) }}
