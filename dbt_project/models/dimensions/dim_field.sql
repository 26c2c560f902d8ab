WITH staged AS (
    SELECT
        field AS code,
        min(stg_lookups.field_type) AS field_type,
        min(field_description) AS description
    FROM {{ ref('stg_lookups') }} AS stg_lookups
    GROUP BY field
),

{{ new_versions('field', attributes=['field_type', 'description']) }}
