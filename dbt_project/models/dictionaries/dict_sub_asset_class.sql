-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    sub_asset_class_id,
    asset_class_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_sub_asset_class_latest') }}
