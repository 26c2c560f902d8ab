SELECT
    asset_class_id,
    code,
    sub_asset_class_id
FROM {{ ref('dim_sub_asset_class') }}
ORDER BY version DESC
LIMIT 1 BY sub_asset_class_id
