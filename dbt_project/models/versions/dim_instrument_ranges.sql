-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    instrument_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('instrument_id', 'version', 'dim.valid_from') }} AS valid_to,
    code,
    name,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_instrument') }} AS dim
