SELECT
    code,
    data_class_id
FROM {{ ref('dim_data_class') }}
ORDER BY version DESC
LIMIT 1 BY data_class_id
