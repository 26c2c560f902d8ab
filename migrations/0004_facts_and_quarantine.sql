-- The observations chain: feed (entry of live rows, backfills and replays) -> resolved -> fact or quarantine.
-- feed_ and resolved_ have engine Null: rows pass through them and are kept by neither.

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

CREATE TABLE IF NOT EXISTS ${DATABASE}.fct_observations ${ON_CLUSTER} (
    instrument_id UInt32,
    field_id UInt32,
    data_class_id UInt32,
    product_type_id UInt32,
    asset_class_id UInt32,
    sub_asset_class_id UInt32,
    source_id UInt32,
    observed_at DateTime64(6, 'UTC'),
    known_at DateTime64(6, 'UTC'),
    value_number Nullable(Float64),
    value_text Nullable(String),
    value_date Nullable(Date32),
    batch_id UInt64,
    row_number UInt64,
    CONSTRAINT has_exactly_one_value
        CHECK isNotNull(value_number) + isNotNull(value_text) + isNotNull(value_date) = 1
)
ENGINE = ${REPLICATED}MergeTree
PARTITION BY toYear(observed_at)
ORDER BY (instrument_id, field_id, observed_at, source_id, known_at)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000
COMMENT 'One row per accepted observation: a value of one field of one instrument at one time from one source, as known at one time.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.quarantine_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    attempt UInt16,
    reason_mask UInt64,
    reasons Array(LowCardinality(String)),
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
ENGINE = ${REPLICATED}MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number, attempt)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000
COMMENT 'One row per attempt that failed, and per later attempt of the same landed row; no reasons means that this attempt was accepted.';
