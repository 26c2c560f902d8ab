-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        data_class_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'data_class_id', 'version') }} AS previous_code,
        is_active,
        {{ value_before('is_active', 'data_class_id', 'version') }} AS was_active
    FROM {{ ref('dim_data_class') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY data_class_id DESC, version DESC
    LIMIT 1 BY data_class_id
)

SELECT * FROM latest
