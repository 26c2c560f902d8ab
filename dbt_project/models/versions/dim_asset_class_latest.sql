-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    asset_class_id,
    code,
    is_active,
    version,
    valid_from,
    recorded_at,
    batch_id
FROM {{ ref('dim_asset_class') }}
-- the direction of the table's own order, so that it is read in order instead of sorted
ORDER BY asset_class_id DESC, version DESC
LIMIT 1 BY asset_class_id
