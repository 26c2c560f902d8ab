-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    data_class_id,
    {{ start_of_version('version', 'dim.valid_from') }} AS valid_from,
    {{ end_of_version('data_class_id', 'version', 'dim.valid_from') }} AS valid_to,
    code,
    is_active,
    version,
    recorded_at,
    batch_id
FROM {{ ref('dim_data_class') }} AS dim
