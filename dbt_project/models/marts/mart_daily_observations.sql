{{ config(
    materialized='daily',
    fact='fct_observations',
    event_time='observed_at',
    rows='observations',
    partition_by='toYear(day)',
    order_by='(day, source_id, asset_class_id)'
) }}

WITH daily AS (
    SELECT
        -- key
        toDate(observed_at) AS day,
        source_id,
        asset_class_id,

        -- numbers
        count() AS observations,
        uniqExact(instrument_id) AS instruments,
        uniqExact(field_id) AS fields,

        -- times
        min(known_at) AS first_known_at,
        max(known_at) AS last_known_at
    FROM {{ ref('fct_observations') }}
    WHERE {{ in_days_of_run('observed_at') }}
    GROUP BY day, source_id, asset_class_id
)

SELECT
    day,
    source_id,
    asset_class_id,
    {{ attribute_of(ref('dict_source'), 'code', 'source_id') }} AS source,
    {{ attribute_of(ref('dict_asset_class'), 'code', 'asset_class_id') }} AS asset_class,
    observations,
    instruments,
    fields,
    first_known_at,
    last_known_at
FROM daily
