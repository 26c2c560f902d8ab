SELECT
    product_type_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_product_type') }}
ORDER BY version DESC
LIMIT 1 BY product_type_id
