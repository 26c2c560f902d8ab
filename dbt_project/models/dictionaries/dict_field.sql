SELECT
    field_id,
    code,
    field_type,
    description,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_field') }}
ORDER BY version DESC
LIMIT 1 BY field_id
