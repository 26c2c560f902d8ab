-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    instrument_id,
    code,
    name,
    is_active,
    version,
    valid_from,
    recorded_at,
    batch_id
FROM {{ ref('dim_instrument') }}
-- the direction of the table's own order, so that it is read in order instead of sorted
ORDER BY instrument_id DESC, version DESC
LIMIT 1 BY instrument_id
