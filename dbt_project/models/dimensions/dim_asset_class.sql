WITH staged AS (
    SELECT DISTINCT asset_class AS code
    FROM {{ ref('stg_lookups') }}
),

{{ new_versions('asset_class') }}
