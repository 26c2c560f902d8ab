-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    asset_class_id,
    code,
    min(id) AS sub_asset_class_id
FROM (
    SELECT
        asset_class_id,
        code,
        sub_asset_class_id AS id
    FROM {{ ref('dim_sub_asset_class') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'sub_asset_class'
)
GROUP BY asset_class_id, code
