-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    asset_class_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_asset_class_latest') }}
