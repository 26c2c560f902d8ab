-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    source_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('source_id', 'version', 'dim.valid_from') }} AS valid_to,
    code,
    name,
    licence,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_source') }} AS dim
