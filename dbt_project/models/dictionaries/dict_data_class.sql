SELECT
    data_class_id,
    code,
    toUInt8(is_active) AS is_active,
    version
FROM {{ ref('dim_data_class') }}
ORDER BY version DESC
LIMIT 1 BY data_class_id
