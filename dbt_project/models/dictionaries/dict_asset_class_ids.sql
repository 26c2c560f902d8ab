SELECT
    code,
    asset_class_id
FROM {{ ref('dim_asset_class') }}
ORDER BY version DESC
LIMIT 1 BY asset_class_id
