WITH landed AS (
    SELECT * FROM {{ source('landing', 'landing_instruments') }}
),

-- The first landing of a code decides its place in the order of minting, the last one its name.
latest AS (
    SELECT
        trimBoth(instrument) AS instrument,
        argMax(trimBoth(name), (received_at, batch_id, row_number)) AS instrument_name,
        min((received_at, batch_id, row_number)) AS first_landed
    FROM landed
    WHERE trimBoth(instrument) != ''
    GROUP BY instrument
)

SELECT * FROM latest
