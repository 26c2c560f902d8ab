-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    source_id,
    code,
    name,
    licence,
    is_active,
    version,
    valid_from,
    recorded_at,
    batch_id
FROM {{ ref('dim_source') }}
-- the direction of the table's own order, so that it is read in order instead of sorted
ORDER BY source_id DESC, version DESC
LIMIT 1 BY source_id
