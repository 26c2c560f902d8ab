-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    product_type_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_product_type_latest') }}
