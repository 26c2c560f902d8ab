WITH staged AS (
    SELECT DISTINCT data_class AS code
    FROM {{ ref('stg_lookups') }}
),

{{ new_versions('data_class') }}
