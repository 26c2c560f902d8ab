-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        asset_class_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'asset_class_id', 'version') }} AS previous_code,
        is_active,
        {{ value_before('is_active', 'asset_class_id', 'version') }} AS was_active
    FROM {{ ref('dim_asset_class') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY asset_class_id DESC, version DESC
    LIMIT 1 BY asset_class_id
)

SELECT * FROM latest
