-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        product_type_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'product_type_id', 'version') }} AS previous_code,
        is_active,
        {{ value_before('is_active', 'product_type_id', 'version') }} AS was_active
    FROM {{ ref('dim_product_type') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY product_type_id DESC, version DESC
    LIMIT 1 BY product_type_id
)

SELECT * FROM latest
