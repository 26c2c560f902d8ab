WITH staged AS (
    SELECT DISTINCT
        dim_asset_class.asset_class_id AS asset_class_id,
        stg_lookups.sub_asset_class AS code
    FROM {{ ref('stg_lookups') }} AS stg_lookups
    INNER JOIN {{ ref('dim_asset_class') }} AS dim_asset_class ON dim_asset_class.code = stg_lookups.asset_class
),

{{ new_versions('sub_asset_class', parent='asset_class') }}
