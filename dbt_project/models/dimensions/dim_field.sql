-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        staging.field AS code,
        min(staging.field_type) AS field_type,
        min(staging.field_description) AS description
    FROM {{ ref('stg_lookups') }} AS staging
    WHERE staging.field != ''
    GROUP BY code
),

{{ ledger_versions(
    'field', staging=ref('stg_lookups'),
    attributes=['field_type', 'description']
) }}
