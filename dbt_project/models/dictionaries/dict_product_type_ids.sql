-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS product_type_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        product_type_id AS id
    FROM {{ ref('dim_product_type') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'product_type'
)
GROUP BY code
