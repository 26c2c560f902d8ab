-- Rendered from domains.yml by `touchstone lookups render`.
WITH desk AS (
    SELECT
        source,
        source_name,
        source_licence
    FROM {{ ref('sources') }}
),

cleaned AS (
    SELECT
        trimBoth(source) AS source,
        trimBoth(source_name) AS source_name,
        trimBoth(source_licence) AS source_licence
    FROM desk
)

SELECT * FROM cleaned
