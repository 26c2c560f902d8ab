SELECT
    asset_class_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_asset_class') }}
ORDER BY version DESC
LIMIT 1 BY asset_class_id
