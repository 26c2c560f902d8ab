-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        sub_asset_class_id,
        version,
        valid_from,
        asset_class_id,
        {{ value_before('asset_class_id', 'sub_asset_class_id', 'version') }} AS previous_asset_class_id,
        code,
        {{ value_before('code', 'sub_asset_class_id', 'version') }} AS previous_code,
        is_active,
        {{ value_before('is_active', 'sub_asset_class_id', 'version') }} AS was_active
    FROM {{ ref('dim_sub_asset_class') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY sub_asset_class_id DESC, version DESC
    LIMIT 1 BY sub_asset_class_id
)

SELECT * FROM latest
