-- Integrity: the chain of observations as `touchstone feeds` writes it from dbt_project/feeds.yml, the record of what was done with
-- quarantined rows, and the reasons with their remedies. Rows no longer enter the chain as they land: a file is landed whole, then
-- its rows are placed (docs/decisions/0009).
ALTER TABLE ${DATABASE}.ops_batches ${ON_CLUSTER}
    MODIFY COLUMN state Enum8('started' = 1, 'committed' = 2, 'failed' = 3, 'landed' = 4);

CREATE TABLE IF NOT EXISTS ${DATABASE}.ops_quarantine ${ON_CLUSTER} (
    operation_id UInt64,
    feed LowCardinality(String),
    action Enum8('replay' = 1, 'discard' = 2),
    state Enum8('started' = 1, 'done' = 2, 'failed' = 3),
    selection String,
    note String,
    actor String,
    rows_selected UInt64,
    rows_accepted UInt64,
    message String,
    code_version LowCardinality(String),
    dagster_run_id String,
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (feed, operation_id, recorded_at)
COMMENT 'One row per change of state of a replay or a discard of quarantined rows.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_reason ${ON_CLUSTER} (
    feed LowCardinality(String),
    reason LowCardinality(String),
    bit UInt8,
    at_column LowCardinality(String),
    remedy String,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (feed, reason, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per reason for which a feed rejects rows, per version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_reason ${ON_CLUSTER} (
    feed String,
    reason String,
    bit UInt8 DEFAULT 0,
    at_column String DEFAULT '',
    remedy String DEFAULT '',
    version UInt32 DEFAULT 0
)
PRIMARY KEY (feed, reason)
SOURCE(CLICKHOUSE(
    QUERY 'SELECT feed, reason, bit, at_column, remedy, version FROM ${DATABASE}.dim_reason ORDER BY version DESC LIMIT 1 BY feed, reason'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per reason of a feed: what to do about it.';

-- The chain is made anew, its entry gone first: a view altered in place (MODIFY QUERY) forgets its insert tokens when the engine restarts.
DROP VIEW IF EXISTS ${DATABASE}.mv_feed_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_resolve_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_accept_observations ${ON_CLUSTER} SYNC;
DROP VIEW IF EXISTS ${DATABASE}.mv_reject_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.feed_observations ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.resolved_observations ${ON_CLUSTER} SYNC;

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER}
    MODIFY COLUMN IF EXISTS source LowCardinality(String),
    MODIFY COLUMN IF EXISTS asset_class LowCardinality(String),
    MODIFY COLUMN IF EXISTS sub_asset_class LowCardinality(String),
    MODIFY COLUMN IF EXISTS product_type LowCardinality(String),
    MODIFY COLUMN IF EXISTS data_class LowCardinality(String),
    MODIFY COLUMN IF EXISTS field LowCardinality(String);

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(T64, LZ4);
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(T64, LZ4);
ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} MODIFY COLUMN IF EXISTS row_number UInt64 CODEC(T64, LZ4);
ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER}
    MODIFY COLUMN IF EXISTS source_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS instrument_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS asset_class_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS sub_asset_class_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS product_type_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS data_class_id UInt32 CODEC(T64, LZ4),
    MODIFY COLUMN IF EXISTS field_id UInt32 CODEC(T64, LZ4);

ALTER TABLE ${DATABASE}.landing_observations ${ON_CLUSTER} MODIFY COMMENT
    'One row per row of a file of observations, as received.';

ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS operation_id UInt64 AFTER attempt;

ALTER TABLE ${DATABASE}.quarantine_observations ${ON_CLUSTER} MODIFY COMMENT
    'One row per attempt that failed, and per later one of the same landed row. Without reasons it was accepted.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.feed_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    attempt UInt16,
    operation_id UInt64,
    is_repeated Bool,
    received_at DateTime64(6, 'UTC'),
    observed_at String,
    source LowCardinality(String),
    instrument String,
    asset_class LowCardinality(String),
    sub_asset_class LowCardinality(String),
    product_type LowCardinality(String),
    data_class LowCardinality(String),
    field LowCardinality(String),
    value String
)
ENGINE = Null
COMMENT 'One row per attempt to resolve a landed observation.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.resolved_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    attempt UInt16,
    operation_id UInt64,
    received_at DateTime64(6, 'UTC'),
    source_id UInt32,
    instrument_id UInt32,
    asset_class_id UInt32,
    sub_asset_class_id UInt32,
    product_type_id UInt32,
    data_class_id UInt32,
    field_id UInt32,
    event_time DateTime64(6, 'UTC'),
    typed_value_number Nullable(Float64),
    typed_value_text Nullable(String),
    typed_value_date Nullable(Date32),
    reason_mask UInt64,
    observed_at String,
    source LowCardinality(String),
    instrument String,
    asset_class LowCardinality(String),
    sub_asset_class LowCardinality(String),
    product_type LowCardinality(String),
    data_class LowCardinality(String),
    field LowCardinality(String),
    value String
)
ENGINE = Null
COMMENT 'One row per attempt, with IDs, typed values and the mask of its faults.';

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_reject_observations ${ON_CLUSTER}
TO ${DATABASE}.quarantine_observations AS
SELECT
    batch_id,
    row_number,
    attempt,
    operation_id,
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
            'forbidden_combination',
            'duplicate_in_batch'
        ],
        range(22)
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
    source_id,
    instrument_id,
    asset_class_id,
    sub_asset_class_id,
    product_type_id,
    data_class_id,
    field_id,
    event_time AS observed_at,
    received_at AS known_at,
    typed_value_number AS value_number,
    typed_value_text AS value_text,
    typed_value_date AS value_date,
    batch_id,
    row_number
FROM ${DATABASE}.resolved_observations
WHERE reason_mask = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS ${DATABASE}.mv_resolve_observations ${ON_CLUSTER}
TO ${DATABASE}.resolved_observations AS
WITH
    trimBoth(source) AS source_code,
    dictGetOrDefault('${DATABASE}.dict_source_ids', 'source_id', source_code, toUInt32(0)) AS resolved_source_id,
    trimBoth(instrument) AS instrument_code,
    dictGetOrDefault('${DATABASE}.dict_instrument_ids', 'instrument_id', instrument_code, toUInt32(0)) AS resolved_instrument_id,
    trimBoth(asset_class) AS asset_class_code,
    dictGetOrDefault('${DATABASE}.dict_asset_class_ids', 'asset_class_id', asset_class_code, toUInt32(0)) AS resolved_asset_class_id,
    trimBoth(product_type) AS product_type_code,
    dictGetOrDefault('${DATABASE}.dict_product_type_ids', 'product_type_id', product_type_code, toUInt32(0)) AS resolved_product_type_id,
    trimBoth(data_class) AS data_class_code,
    dictGetOrDefault('${DATABASE}.dict_data_class_ids', 'data_class_id', data_class_code, toUInt32(0)) AS resolved_data_class_id,
    trimBoth(field) AS field_code,
    dictGetOrDefault('${DATABASE}.dict_field_ids', 'field_id', field_code, toUInt32(0)) AS resolved_field_id,
    trimBoth(sub_asset_class) AS sub_asset_class_code,
    dictGetOrDefault('${DATABASE}.dict_sub_asset_class_ids', 'sub_asset_class_id', (resolved_asset_class_id, sub_asset_class_code), toUInt32(0)) AS resolved_sub_asset_class_id,
    trimBoth(observed_at) AS time_text,
    toDateTime64OrZero(time_text, 6, 'UTC') AS canonical_time,
    if(
        toString(canonical_time) = time_text,
        canonical_time,
        if(
            match(
                time_text,
                '^([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)?)?$'
            ),
            parseDateTime64BestEffortOrNull(time_text, 6, 'UTC'),
            NULL
        )
    ) AS parsed_time,
    trimBoth(value) AS value_in,
    dictGetOrDefault('${DATABASE}.dict_field', 'field_type', toUInt64(resolved_field_id), '') AS type_of_value,
    if(type_of_value = 'number', toFloat64OrNull(value_in), NULL) AS value_as_number,
    if(type_of_value = 'integer', toInt64OrNull(value_in), NULL) AS value_as_integer,
    if(type_of_value = 'boolean', transform(value_in, ['Y', 'N'], [1, 0], NULL), NULL) AS value_as_boolean,
    if(
        type_of_value = 'date' AND match(value_in, '^([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'),
        toDate32(parseDateTime64OrNull(value_in, '%Y-%m-%d', 'UTC')),
        NULL
    ) AS value_as_date,
    multiIf(
        type_of_value = 'number', ifNull(isFinite(value_as_number), false),
        -- beyond 2^53 a Float64 would round it
        type_of_value = 'integer', ifNull(value_as_integer BETWEEN -9007199254740992 AND 9007199254740992, false),
        type_of_value = 'boolean', isNotNull(value_as_boolean),
        type_of_value = 'date', isNotNull(value_as_date),
        type_of_value = 'text', match(value_in, '\\p{L}'),
        type_of_value = 'identifier', match(value_in, '[\\p{L}\\p{N}]'),
        false
    ) AS is_value_of_type,
    (resolved_product_type_id, resolved_data_class_id, resolved_field_id, resolved_asset_class_id, resolved_sub_asset_class_id) AS combination,
    least(resolved_product_type_id, resolved_data_class_id, resolved_field_id, resolved_asset_class_id, resolved_sub_asset_class_id) > 0 AS has_all_ids,
    dictGetOrDefault('${DATABASE}.dict_feed_rule', 'action', ('observations', 'forbidden_combination'), 'off') AS action
SELECT
    batch_id,
    row_number,
    attempt,
    operation_id,
    received_at,
    resolved_source_id AS source_id,
    resolved_instrument_id AS instrument_id,
    resolved_asset_class_id AS asset_class_id,
    resolved_sub_asset_class_id AS sub_asset_class_id,
    resolved_product_type_id AS product_type_id,
    resolved_data_class_id AS data_class_id,
    resolved_field_id AS field_id,
    ifNull(parsed_time, toDateTime64(0, 6, 'UTC')) AS event_time,
    ifNull(value_as_number, ifNull(toFloat64(value_as_integer), toFloat64(value_as_boolean))) AS typed_value_number,
    if(type_of_value IN ('text', 'identifier'), value_in, NULL) AS typed_value_text,
    value_as_date AS typed_value_date,
    -- what is wrong is worked out only for rows that are not fine
    if(
        resolved_source_id != 0
        AND resolved_instrument_id != 0
        AND resolved_asset_class_id != 0
        AND resolved_product_type_id != 0
        AND resolved_data_class_id != 0
        AND resolved_field_id != 0
        AND resolved_sub_asset_class_id != 0
        AND ifNull(parsed_time BETWEEN toDateTime64('1970-01-01', 6, 'UTC') AND received_at + INTERVAL 1 DAY, false)
        AND is_value_of_type
        AND (action != 'reject' OR dictHas('${DATABASE}.dict_combination', combination))
        AND NOT is_repeated,
        toUInt64(0),
        bitShiftLeft(toUInt64(time_text = ''), 0)
        + bitShiftLeft(toUInt64(time_text != '' AND isNull(parsed_time)), 1)
        + bitShiftLeft(toUInt64(ifNull(parsed_time < toDateTime64('1970-01-01', 6, 'UTC'), false)), 2)
        + bitShiftLeft(toUInt64(ifNull(parsed_time > received_at + INTERVAL 1 DAY, false)), 3)
        + bitShiftLeft(toUInt64(source_code = ''), 4)
        + bitShiftLeft(toUInt64(source_code != '' AND resolved_source_id = 0), 5)
        + bitShiftLeft(toUInt64(instrument_code = ''), 6)
        + bitShiftLeft(toUInt64(instrument_code != '' AND resolved_instrument_id = 0), 7)
        + bitShiftLeft(toUInt64(asset_class_code = ''), 8)
        + bitShiftLeft(toUInt64(asset_class_code != '' AND resolved_asset_class_id = 0), 9)
        + bitShiftLeft(toUInt64(sub_asset_class_code = ''), 10)
        + bitShiftLeft(toUInt64(sub_asset_class_code != '' AND resolved_sub_asset_class_id = 0), 11)
        + bitShiftLeft(toUInt64(product_type_code = ''), 12)
        + bitShiftLeft(toUInt64(product_type_code != '' AND resolved_product_type_id = 0), 13)
        + bitShiftLeft(toUInt64(data_class_code = ''), 14)
        + bitShiftLeft(toUInt64(data_class_code != '' AND resolved_data_class_id = 0), 15)
        + bitShiftLeft(toUInt64(field_code = ''), 16)
        + bitShiftLeft(toUInt64(field_code != '' AND resolved_field_id = 0), 17)
        + bitShiftLeft(toUInt64(value_in = ''), 18)
        + bitShiftLeft(toUInt64(value_in != '' AND type_of_value != '' AND NOT is_value_of_type), 19)
        + bitShiftLeft(toUInt64(action = 'reject' AND has_all_ids AND NOT dictHas('${DATABASE}.dict_combination', combination)), 20)
        + bitShiftLeft(toUInt64(is_repeated AND dictGetOrDefault('${DATABASE}.dict_feed_rule', 'action', ('observations', 'duplicate_in_batch'), 'off') = 'reject'), 21)
    ) AS reason_mask,
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
