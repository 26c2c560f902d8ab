WITH staged AS (
    SELECT DISTINCT product_type AS code
    FROM {{ ref('stg_lookups') }}
),

{{ new_versions('product_type') }}
