-- Rows of one batch that give one event different values. The later row of the file counts; the vendor should be asked.
SELECT
    {{ attribute_of(ref('dict_instrument'), 'code', 'instrument_id') }} AS instrument,
    {{ attribute_of(ref('dict_field'), 'code', 'field_id') }} AS field,
    {{ attribute_of(ref('dict_source'), 'code', 'source_id') }} AS source,
    observed_at,
    batch_id,
    groupArray((row_number, coalesce(toString(value_number), value_text, toString(value_date)))) AS rows_and_values
FROM {{ ref('fct_observations') }}
GROUP BY instrument_id, field_id, source_id, observed_at, batch_id
HAVING uniqExact(coalesce(toString(value_number), value_text, toString(value_date))) > 1
ORDER BY batch_id, instrument, field, observed_at
