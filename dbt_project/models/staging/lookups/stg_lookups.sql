-- Rendered from domains.yml by `touchstone lookups render`.
WITH desk AS (
    SELECT
        product_type,
        data_class,
        field,
        asset_class,
        sub_asset_class,
        field_type,
        field_description
    FROM {{ ref('lookups') }}
),

-- Of every landed file the content that was committed last.
landed AS (
    SELECT
        product_type,
        data_class,
        field,
        asset_class,
        sub_asset_class,
        field_type,
        field_description
    FROM {{ source('landing', 'landing_lookups') }}
    WHERE batch_id IN (
        SELECT argMax(batch_id, recorded_at)
        FROM {{ source('operations', 'ops_batches') }}
        WHERE feed = 'lookups' AND state = 'committed'
        GROUP BY source_file
    )
),

listed AS (
    SELECT * FROM desk
    UNION ALL
    SELECT * FROM landed
),

cleaned AS (
    SELECT
        trimBoth(product_type) AS product_type,
        trimBoth(data_class) AS data_class,
        trimBoth(field) AS field,
        trimBoth(asset_class) AS asset_class,
        trimBoth(sub_asset_class) AS sub_asset_class,
        trimBoth(field_type) AS field_type,
        trimBoth(field_description) AS field_description
    FROM listed
)

SELECT * FROM cleaned
