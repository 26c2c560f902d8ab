WITH source AS (
    SELECT * FROM {{ ref('sources') }}
),

cleaned AS (
    SELECT DISTINCT
        trimBoth(source) AS source,
        trimBoth(source_name) AS source_name,
        trimBoth(source_licence) AS source_licence
    FROM source
)

SELECT * FROM cleaned
