-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        field_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'field_id', 'version') }} AS previous_code,
        field_type,
        {{ value_before('field_type', 'field_id', 'version') }} AS previous_field_type,
        description,
        {{ value_before('description', 'field_id', 'version') }} AS previous_description,
        is_active,
        {{ value_before('is_active', 'field_id', 'version') }} AS was_active
    FROM {{ ref('dim_field') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY field_id DESC, version DESC
    LIMIT 1 BY field_id
)

SELECT * FROM latest
