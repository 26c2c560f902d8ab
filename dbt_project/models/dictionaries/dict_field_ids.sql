-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS field_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        field_id AS id
    FROM {{ ref('dim_field') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'field'
)
GROUP BY code
