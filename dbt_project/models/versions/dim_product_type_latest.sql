-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    product_type_id,
    code,
    is_active,
    version,
    valid_from,
    recorded_at,
    batch_id
FROM {{ ref('dim_product_type') }}
-- the direction of the table's own order, so that it is read in order instead of sorted
ORDER BY product_type_id DESC, version DESC
LIMIT 1 BY product_type_id
