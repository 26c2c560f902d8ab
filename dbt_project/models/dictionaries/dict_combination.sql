WITH latest AS (
    SELECT * FROM {{ ref('bridge_combination') }}
    ORDER BY version DESC
    LIMIT 1 BY product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id
)

SELECT
    product_type_id,
    data_class_id,
    field_id,
    asset_class_id,
    sub_asset_class_id,
    version
FROM latest
WHERE is_active
