SELECT
    code,
    product_type_id
FROM {{ ref('dim_product_type') }}
ORDER BY version DESC
LIMIT 1 BY product_type_id
