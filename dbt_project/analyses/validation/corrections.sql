-- Events that a later batch gave another value, with what was known before and after, the latest correction first.
WITH versions AS (
    SELECT
        instrument_id,
        field_id,
        observed_at,
        source_id,
        known_at,
        coalesce(toString(value_number), value_text, toString(value_date)) AS value,
        lagInFrame(coalesce(toString(value_number), value_text, toString(value_date)), 1, NULL) OVER same_event AS value_before,
        lagInFrame(toNullable(known_at), 1, NULL) OVER same_event AS known_before
    FROM {{ ref('fct_observations') }}
    WINDOW same_event AS (
        PARTITION BY instrument_id, field_id, observed_at, source_id
        ORDER BY known_at, batch_id, row_number
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    )
)

SELECT
    {{ attribute_of(ref('dict_instrument'), 'code', 'instrument_id') }} AS instrument,
    {{ attribute_of(ref('dict_field'), 'code', 'field_id') }} AS field,
    {{ attribute_of(ref('dict_source'), 'code', 'source_id') }} AS source,
    observed_at,
    value_before,
    value,
    known_before,
    known_at
FROM versions
WHERE known_before IS NOT NULL AND value_before != value
ORDER BY known_at DESC, instrument, field, observed_at
