-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    field_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('field_id', 'version', 'dim.valid_from') }} AS valid_to,
    code,
    field_type,
    description,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_field') }} AS dim
