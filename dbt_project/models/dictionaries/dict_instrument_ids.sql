-- Rendered from domains.yml by `touchstone lookups render`.
SELECT
    code,
    min(id) AS instrument_id
FROM (
    SELECT
        0 AS parent_id,
        code,
        instrument_id AS id
    FROM {{ ref('dim_instrument') }}
    UNION ALL
    SELECT
        parent_id,
        code,
        id
    FROM {{ ref('dim_alias') }}
    WHERE domain = 'instrument'
)
GROUP BY code
