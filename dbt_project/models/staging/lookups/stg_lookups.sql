WITH source AS (
    SELECT * FROM {{ ref('lookups') }}
),

cleaned AS (
    SELECT DISTINCT
        trimBoth(product_type) AS product_type,
        trimBoth(data_class) AS data_class,
        trimBoth(field) AS field,
        trimBoth(asset_class) AS asset_class,
        trimBoth(sub_asset_class) AS sub_asset_class,
        trimBoth(field_type) AS field_type,
        trimBoth(field_description) AS field_description
    FROM source
)

SELECT * FROM cleaned
