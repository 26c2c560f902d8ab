-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    field_id,
    code,
    field_type,
    description,
    is_active,
    version,
    valid_from,
    recorded_at,
    batch_id
FROM {{ ref('dim_field') }}
-- the direction of the table's own order, so that it is read in order instead of sorted
ORDER BY field_id DESC, version DESC
LIMIT 1 BY field_id
