-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    sub_asset_class_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('sub_asset_class_id', 'version', 'dim.valid_from') }} AS valid_to,
    asset_class_id,
    code,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_sub_asset_class') }} AS dim
