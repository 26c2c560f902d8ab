-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS asset_class_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        asset_class_id AS id
    FROM {{ ref('dim_asset_class') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'asset_class'
)
GROUP BY code
