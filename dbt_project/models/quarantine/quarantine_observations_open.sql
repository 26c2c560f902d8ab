{{ config(materialized='view', meta={'owner': 'dbt'}, persist_docs={'relation': true, 'columns': true}) }}
-- A view over the log of attempts, hence dbt's own. Bit 63 says that a person gave the row up.

WITH latest AS (
    SELECT *
    FROM {{ ref('quarantine_observations') }}
    ORDER BY attempt DESC
    LIMIT 1 BY batch_id, row_number
)

SELECT * FROM latest
WHERE reason_mask != 0 AND NOT bitTest(reason_mask, 63)
