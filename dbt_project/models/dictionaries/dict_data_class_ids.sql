-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS data_class_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        data_class_id AS id
    FROM {{ ref('dim_data_class') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'data_class'
)
GROUP BY code
