-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    product_type_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('product_type_id', 'version', 'dim.valid_from') }} AS valid_to,
    code,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_product_type') }} AS dim
