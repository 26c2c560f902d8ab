-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS source_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        source_id AS id
    FROM {{ ref('dim_source') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'source'
)
GROUP BY code
