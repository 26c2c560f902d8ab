WITH staged AS (
    SELECT
        source AS code,
        source_name AS name,
        source_licence AS licence
    FROM {{ ref('stg_sources') }}
),

{{ new_versions('source', attributes=['name', 'licence']) }}
