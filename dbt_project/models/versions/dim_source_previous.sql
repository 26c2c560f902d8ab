-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        source_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'source_id', 'version') }} AS previous_code,
        name,
        {{ value_before('name', 'source_id', 'version') }} AS previous_name,
        licence,
        {{ value_before('licence', 'source_id', 'version') }} AS previous_licence,
        is_active,
        {{ value_before('is_active', 'source_id', 'version') }} AS was_active
    FROM {{ ref('dim_source') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY source_id DESC, version DESC
    LIMIT 1 BY source_id
)

SELECT * FROM latest
