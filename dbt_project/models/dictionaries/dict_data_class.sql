-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    data_class_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_data_class_latest') }}
