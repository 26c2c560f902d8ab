-- landed = facts + open quarantine, batch by batch, and no row in both. Fails when nothing was landed.
{{ config(meta={'dagster': {'ref': {'name': 'fct_observations'}}}) }}

WITH
landed AS (
    SELECT batch_id, row_number FROM {{ source('landing', 'landing_observations') }}
),

accepted AS (
    SELECT batch_id, row_number FROM {{ ref('fct_observations') }}
),

rejected AS (
    SELECT batch_id, row_number FROM {{ ref('quarantine_observations_open') }}
),

places AS (
    SELECT batch_id, row_number, 1 AS landings, 0 AS facts, 0 AS quarantines FROM landed
    UNION ALL
    SELECT batch_id, row_number, 0, 1, 0 FROM accepted
    UNION ALL
    SELECT batch_id, row_number, 0, 0, 1 FROM rejected
)

SELECT batch_id, row_number, sum(landings) AS landings, sum(facts) AS facts, sum(quarantines) AS quarantines
FROM places
GROUP BY batch_id, row_number
HAVING landings != 1 OR facts + quarantines != 1

UNION ALL

SELECT 0, 0, 0, 0, 0
FROM landed
HAVING count() = 0
