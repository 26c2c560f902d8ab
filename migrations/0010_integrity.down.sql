-- Rollback of 0010. Loses the record of replays and discards, and with it who gave up which rows and why: those rows count as
-- rejected for a reason without a name. Files that were landed, but not yet placed, reach neither a fact nor quarantine.
-- The chain is made anew, its entry gone first: a view altered in place (MODIFY QUERY) forgets its insert tokens when the engine restarts.
DROP VIEW IF EXISTS ${DATABASE}.mv_feed_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_resolve_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_accept_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_reject_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.feed_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.resolved_observations ${ON_CLUSTER} SYNC;

CREATE TABLE IF NOT EXISTS ${DATABASE}.feed_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    attempt UInt16,
    received_at DateTime64(6, 'UTC'),
    observed_at String,
    source String,
    instrument String,
    asset_class String,
    sub_asset_class String,
    product_type String,
    data_class String,
    field String,
    value String
)
ENGINE = Null
COMMENT 'One row per attempt to resolve a landed observation.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.resolved_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    attempt UInt16,
    received_at DateTime64(6, 'UTC'),
    source_id UInt32,
    instrument_id UInt32,
    asset_class_id UInt32,
    sub_asset_class_id UInt32,
    product_type_id UInt32,
    data_class_id UInt32,
    field_id UInt32,
    observed_time DateTime64(6, 'UTC'),
    value_number Nullable(Float64),
    value_text Nullable(String),
    value_date Nullable(Date32),
    reason_mask UInt64,
    observed_at String,
    source String,
    instrument String,
    asset_class String,
    sub_asset_class String,
    product_type String,
    data_class String,
    field String,
    value String
)
ENGINE = Null
COMMENT 'One row per attempt, with IDs, typed values and the mask of its faults.';

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER}
    MODIFY COLUMN IF EXISTS source String,
    MODIFY COLUMN IF EXISTS asset_class String,
    MODIFY COLUMN IF EXISTS sub_asset_class String,
    MODIFY COLUMN IF EXISTS product_type String,
    MODIFY COLUMN IF EXISTS data_class String,
    MODIFY COLUMN IF EXISTS field String;

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(LZ4);
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(LZ4);
ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(LZ4);
ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number REMOVE CODEC;
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number REMOVE CODEC;
ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number REMOVE CODEC;
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER}
    MODIFY COLUMN IF EXISTS source_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS instrument_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS asset_class_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS sub_asset_class_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS product_type_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS data_class_id UInt32 CODEC(LZ4),
    MODIFY COLUMN IF EXISTS field_id UInt32 CODEC(LZ4);
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER}
    MODIFY COLUMN IF EXISTS source_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS instrument_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS asset_class_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS sub_asset_class_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS product_type_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS data_class_id REMOVE CODEC,
    MODIFY COLUMN IF EXISTS field_id REMOVE CODEC;

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER} MODIFY COMMENT
    'One row per row of an observation file, as received.';

ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} DROP COLUMN IF EXISTS operation_id;

ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} MODIFY COMMENT
    'One row per attempt that failed, and per later attempt of the same landed row; no reasons means that this attempt was accepted.';

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_reject_observations ${ON_CLUSTER}
TO ${DATABASE}.quarantine_observations AS
SELECT
    batch_id,
    row_number,
    attempt,
    reason_mask,
    arrayFilter(
        (reason, bit) -> bitTest(reason_mask, bit),
        [
            'missing_observed_at',
            'bad_observed_at',
            'out_of_range_observed_at',
            'future_event_time',
            'missing_source',
            'unknown_source',
            'missing_instrument',
            'unknown_instrument',
            'missing_asset_class',
            'unknown_asset_class',
            'missing_sub_asset_class',
            'unknown_sub_asset_class',
            'missing_product_type',
            'unknown_product_type',
            'missing_data_class',
            'unknown_data_class',
            'missing_field',
            'unknown_field',
            'missing_value',
            'bad_value',
            'combination_not_permitted'
        ],
        range(21)
    ) AS reasons,
    received_at,
    observed_at,
    source,
    instrument,
    asset_class,
    sub_asset_class,
    product_type,
    data_class,
    field,
    value
FROM ${DATABASE}.resolved_observations
WHERE reason_mask != 0 OR attempt > 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_accept_observations ${ON_CLUSTER}
TO ${DATABASE}.fct_observations AS
SELECT
    instrument_id,
    field_id,
    data_class_id,
    product_type_id,
    asset_class_id,
    sub_asset_class_id,
    source_id,
    observed_time AS observed_at,
    received_at AS known_at,
    value_number,
    value_text,
    value_date,
    batch_id,
    row_number
FROM ${DATABASE}.resolved_observations
WHERE reason_mask = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_resolve_observations ${ON_CLUSTER}
TO ${DATABASE}.resolved_observations AS
WITH
    trimBoth(source) AS source_code,
    trimBoth(instrument) AS instrument_code,
    trimBoth(asset_class) AS asset_class_code,
    trimBoth(sub_asset_class) AS sub_asset_class_code,
    trimBoth(product_type) AS product_type_code,
    trimBoth(data_class) AS data_class_code,
    trimBoth(field) AS field_code,
    dictGetOrDefault('${DATABASE}.dict_source_ids', 'source_id', tuple(source_code), toUInt32(0)) AS resolved_source_id,
    dictGetOrDefault('${DATABASE}.dict_instrument_ids', 'instrument_id', tuple(instrument_code), toUInt32(0)) AS resolved_instrument_id,
    dictGetOrDefault('${DATABASE}.dict_asset_class_ids', 'asset_class_id', tuple(asset_class_code), toUInt32(0)) AS resolved_asset_class_id,
    dictGetOrDefault('${DATABASE}.dict_sub_asset_class_ids', 'sub_asset_class_id', (resolved_asset_class_id, sub_asset_class_code), toUInt32(0)) AS resolved_sub_asset_class_id,
    dictGetOrDefault('${DATABASE}.dict_product_type_ids', 'product_type_id', tuple(product_type_code), toUInt32(0)) AS resolved_product_type_id,
    dictGetOrDefault('${DATABASE}.dict_data_class_ids', 'data_class_id', tuple(data_class_code), toUInt32(0)) AS resolved_data_class_id,
    dictGetOrDefault('${DATABASE}.dict_field_ids', 'field_id', tuple(field_code), toUInt32(0)) AS resolved_field_id,
    trimBoth(observed_at) AS time_text,
    match(
        time_text,
        '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)?)?$'
    ) AS is_iso_8601,
    if(is_iso_8601, parseDateTime64BestEffortOrNull(time_text, 6, 'UTC'), NULL) AS parsed_time,
    trimBoth(value) AS value_text_in,
    dictGetOrDefault('${DATABASE}.dict_field', 'field_type', toUInt64(resolved_field_id), '') AS field_type,
    if(field_type = 'number', toFloat64OrNull(value_text_in), NULL) AS as_number,
    if(field_type = 'integer', toInt64OrNull(value_text_in), NULL) AS as_integer,
    if(field_type = 'boolean', transform(value_text_in, ['Y', 'N'], [1, 0], NULL), NULL) AS as_boolean,
    if(
        field_type = 'date' AND match(value_text_in, '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'),
        toDate32(parseDateTime64OrNull(value_text_in, '%Y-%m-%d', 'UTC')),
        NULL
    ) AS as_date,
    multiIf(
        field_type = 'number', ifNull(isFinite(as_number), false),
        -- beyond 2^53 a Float64 would round it
        field_type = 'integer', ifNull(as_integer BETWEEN -9007199254740992 AND 9007199254740992, false),
        field_type = 'boolean', isNotNull(as_boolean),
        field_type = 'date', isNotNull(as_date),
        field_type = 'text', match(value_text_in, '\\p{L}'),
        field_type = 'identifier', match(value_text_in, '[\\p{L}\\p{N}]'),
        false
    ) AS is_value_of_type,
    (
        resolved_product_type_id, resolved_data_class_id, resolved_field_id, resolved_asset_class_id, resolved_sub_asset_class_id
    ) AS combination,
    -- a combination of codes that do not all resolve is not judged: those codes are the fault
    least(
        resolved_product_type_id, resolved_data_class_id, resolved_field_id, resolved_asset_class_id, resolved_sub_asset_class_id
    ) > 0 AS has_all_ids,
    dictGetOrDefault('${DATABASE}.dict_feed_rule', 'action', ('observations', 'combination_not_permitted'), 'off') AS action
SELECT
    batch_id,
    row_number,
    attempt,
    received_at,
    resolved_source_id AS source_id,
    resolved_instrument_id AS instrument_id,
    resolved_asset_class_id AS asset_class_id,
    resolved_sub_asset_class_id AS sub_asset_class_id,
    resolved_product_type_id AS product_type_id,
    resolved_data_class_id AS data_class_id,
    resolved_field_id AS field_id,
    ifNull(parsed_time, toDateTime64(0, 6, 'UTC')) AS observed_time,
    ifNull(as_number, ifNull(toFloat64(as_integer), toFloat64(as_boolean))) AS value_number,
    if(field_type IN ('text', 'identifier'), value_text_in, NULL) AS value_text,
    as_date AS value_date,
    bitShiftLeft(toUInt64(ifNull(time_text = '', false)), 0) +
    bitShiftLeft(toUInt64(ifNull(time_text != '' AND isNull(parsed_time), false)), 1) +
    bitShiftLeft(toUInt64(ifNull(parsed_time < toDateTime64('1970-01-01', 6, 'UTC'), false)), 2) +
    bitShiftLeft(toUInt64(ifNull(parsed_time > received_at + INTERVAL 1 DAY, false)), 3) +
    bitShiftLeft(toUInt64(ifNull(source_code = '', false)), 4) +
    bitShiftLeft(toUInt64(ifNull(source_code != '' AND resolved_source_id = 0, false)), 5) +
    bitShiftLeft(toUInt64(ifNull(instrument_code = '', false)), 6) +
    bitShiftLeft(toUInt64(ifNull(instrument_code != '' AND resolved_instrument_id = 0, false)), 7) +
    bitShiftLeft(toUInt64(ifNull(asset_class_code = '', false)), 8) +
    bitShiftLeft(toUInt64(ifNull(asset_class_code != '' AND resolved_asset_class_id = 0, false)), 9) +
    bitShiftLeft(toUInt64(ifNull(sub_asset_class_code = '', false)), 10) +
    bitShiftLeft(toUInt64(ifNull(sub_asset_class_code != '' AND resolved_sub_asset_class_id = 0, false)), 11) +
    bitShiftLeft(toUInt64(ifNull(product_type_code = '', false)), 12) +
    bitShiftLeft(toUInt64(ifNull(product_type_code != '' AND resolved_product_type_id = 0, false)), 13) +
    bitShiftLeft(toUInt64(ifNull(data_class_code = '', false)), 14) +
    bitShiftLeft(toUInt64(ifNull(data_class_code != '' AND resolved_data_class_id = 0, false)), 15) +
    bitShiftLeft(toUInt64(ifNull(field_code = '', false)), 16) +
    bitShiftLeft(toUInt64(ifNull(field_code != '' AND resolved_field_id = 0, false)), 17) +
    bitShiftLeft(toUInt64(ifNull(value_text_in = '', false)), 18) +
    bitShiftLeft(toUInt64(ifNull(value_text_in != '' AND field_type != '' AND NOT is_value_of_type, false)), 19) +
    bitShiftLeft(toUInt64(action = 'reject' AND has_all_ids AND NOT dictHas('${DATABASE}.dict_combination', combination)), 20) AS reason_mask,
    observed_at,
    source,
    instrument,
    asset_class,
    sub_asset_class,
    product_type,
    data_class,
    field,
    value
FROM ${DATABASE}.feed_observations;

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_feed_observations ${ON_CLUSTER}
TO ${DATABASE}.feed_observations AS
SELECT
    batch_id,
    row_number,
    toUInt16(1) AS attempt,
    received_at,
    observed_at,
    source,
    instrument,
    asset_class,
    sub_asset_class,
    product_type,
    data_class,
    field,
    value
FROM ${DATABASE}.landing_observations;

DROP DICTIONARY IF EXISTS ${DATABASE}.dict_reason ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_reason ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.ops_quarantine ${ON_CLUSTER} SYNC;

-- what had landed, but was not placed, had only been started
ALTER TABLE ${DATABASE}.ops_batches ${ON_CLUSTER} DELETE WHERE state = 'landed' SETTINGS mutations_sync = 2;
ALTER TABLE ${DATABASE}.ops_batches ${ON_CLUSTER}
    MODIFY COLUMN state Enum8('started' = 1, 'committed' = 2, 'failed' = 3);
