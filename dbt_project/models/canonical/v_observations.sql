-- The latest known value per source; for what was known earlier read v_observations_as_of.
WITH latest AS (
    {{ latest_versions(ref('fct_observations'), ['instrument_id', 'field_id', 'observed_at', 'source_id']) }}
),

named AS (
    SELECT
        -- ids
        instrument_id,
        field_id,
        source_id,

        -- names
        {{ attribute_of(ref('dict_instrument'), 'code', 'instrument_id') }} AS instrument,
        {{ attribute_of(ref('dict_instrument'), 'name', 'instrument_id') }} AS instrument_name,
        {{ attribute_of(ref('dict_field'), 'code', 'field_id') }} AS field,
        {{ attribute_of(ref('dict_data_class'), 'code', 'data_class_id') }} AS data_class,
        {{ attribute_of(ref('dict_product_type'), 'code', 'product_type_id') }} AS product_type,
        {{ attribute_of(ref('dict_asset_class'), 'code', 'asset_class_id') }} AS asset_class,
        {{ attribute_of(ref('dict_sub_asset_class'), 'code', 'sub_asset_class_id') }} AS sub_asset_class,
        {{ attribute_of(ref('dict_source'), 'code', 'source_id') }} AS source,

        -- values
        value_number,
        value_text,
        value_date,

        -- times
        observed_at,
        known_at
    FROM latest
)

SELECT * FROM named
