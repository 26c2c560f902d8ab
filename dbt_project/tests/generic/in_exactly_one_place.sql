{#
    Landed = facts + open quarantine + discarded, batch by batch, by number and by which rows: a checksum of row numbers sees that one row
    is double where another one is missing. Batches whose load has not ended are left out; `touchstone reconcile` names them. Fails when
    no batch was committed, and for rows of a batch that nobody recorded.
#}
{% test in_exactly_one_place(model, landing, quarantine, batches, feed) %}
WITH
said AS (
    SELECT batch_id, maxIf(rows_landed, state = 'committed') AS rows_said, countIf(state = 'committed') > 0 AS is_committed
    FROM {{ batches }}
    WHERE feed = '{{ feed }}'
    GROUP BY batch_id
),

latest AS (
    SELECT batch_id, row_number, argMax(reason_mask, attempt) AS reason_mask
    FROM {{ quarantine }}
    GROUP BY batch_id, row_number
),

places AS (
    SELECT batch_id, rows_said, is_committed, 0 AS landed, 0 AS placed, 0 AS landed_checksum, 0 AS placed_checksum FROM said
    UNION ALL
    SELECT batch_id, 0, false, count(), 0, sum(cityHash64(row_number)), 0 FROM {{ landing }} GROUP BY batch_id
    UNION ALL
    SELECT batch_id, 0, false, 0, count(), 0, sum(cityHash64(row_number)) FROM {{ model }} GROUP BY batch_id
    UNION ALL
    SELECT batch_id, 0, false, 0, count(), 0, sum(cityHash64(row_number)) FROM latest WHERE reason_mask != 0 GROUP BY batch_id
),

balances AS (
    SELECT
        batch_id,
        max(is_committed) AS is_committed,
        sum(rows_said) AS rows_said,
        sum(landed) AS rows_landed,
        sum(placed) AS rows_placed,
        sum(landed_checksum) = sum(placed_checksum) AS is_same_rows
    FROM places
    GROUP BY batch_id
)

SELECT batch_id, rows_said, rows_landed, rows_placed, is_same_rows
FROM balances
WHERE (is_committed AND (rows_said != rows_landed OR rows_landed != rows_placed OR NOT is_same_rows))
    OR rows_placed > rows_landed
    OR batch_id NOT IN (SELECT batch_id FROM said)

UNION ALL

SELECT 0, 0, 0, 0, false
FROM said
HAVING countIf(is_committed) = 0
{% endtest %}
