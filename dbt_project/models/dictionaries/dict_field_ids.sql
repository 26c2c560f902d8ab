SELECT
    code,
    field_id
FROM {{ ref('dim_field') }}
ORDER BY version DESC
LIMIT 1 BY field_id
