{{ config(order_by='(asset_class_id, field_id)') }}
-- Small: a row per asset class and field, so it is not partitioned.

WITH observed AS (
    SELECT
        asset_class_id,
        field_id,
        uniqExact(instrument_id) AS instruments_observed,
        count() AS observations,
        min(observed_at) AS first_observed_at,
        max(observed_at) AS last_observed_at
    FROM {{ ref('fct_observations') }}
    GROUP BY asset_class_id, field_id
),

universe AS (
    SELECT
        asset_class_id,
        uniqExact(instrument_id) AS instruments_in_asset_class
    FROM {{ ref('fct_observations') }}
    GROUP BY asset_class_id
),

coverage AS (
    SELECT
        -- ids
        observed.asset_class_id AS asset_class_id,
        observed.field_id AS field_id,

        -- names
        {{ attribute_of(ref('dict_asset_class'), 'code', 'observed.asset_class_id') }} AS asset_class,
        {{ attribute_of(ref('dict_field'), 'code', 'observed.field_id') }} AS field,

        -- numbers
        observed.instruments_observed AS instruments_observed,
        universe.instruments_in_asset_class AS instruments_in_asset_class,
        observed.instruments_observed / universe.instruments_in_asset_class AS coverage_share,
        observed.observations AS observations,

        -- times
        observed.first_observed_at AS first_observed_at,
        observed.last_observed_at AS last_observed_at
    FROM observed
    INNER JOIN universe USING (asset_class_id)
)

SELECT * FROM coverage
