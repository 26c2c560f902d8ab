-- Rendered from domains.yml by `touchstone lookups render`.
WITH staged AS (
    SELECT
        parent.asset_class_id AS asset_class_id,
        staging.sub_asset_class AS code
    FROM {{ ref('stg_lookups') }} AS staging
    INNER JOIN ({{ ids_of('asset_class') }}) AS parent ON parent.code = staging.asset_class
    WHERE staging.sub_asset_class != ''
    GROUP BY asset_class_id, code
),

{{ ledger_versions(
    'sub_asset_class', staging=ref('stg_lookups'), parent='asset_class'
) }}
