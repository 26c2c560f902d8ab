-- Rendered from domains.yml by `touchstone lookups render`.
WITH versions AS (
    SELECT
        instrument_id,
        version,
        valid_from,
        code,
        {{ value_before('code', 'instrument_id', 'version') }} AS previous_code,
        name,
        {{ value_before('name', 'instrument_id', 'version') }} AS previous_name,
        is_active,
        {{ value_before('is_active', 'instrument_id', 'version') }} AS was_active
    FROM {{ ref('dim_instrument') }}
),

latest AS (
    SELECT * FROM versions
    ORDER BY instrument_id DESC, version DESC
    LIMIT 1 BY instrument_id
)

SELECT * FROM latest
