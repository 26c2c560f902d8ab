-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.source AS code,
        min(staging.source_name) AS name,
        min(staging.source_licence) AS licence
    FROM {{ ref('stg_sources') }} AS staging
    WHERE staging.source != ''
    GROUP BY code
),

{{ ledger_versions(
    'source', staging=ref('stg_sources'),
    attributes=['name', 'licence']
) }}
