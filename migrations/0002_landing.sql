-- Landing: rows exactly as received, as text, with their lineage. Append-only and immutable.
-- The dedup window remembers insert tokens, so that a load that was cut off can be sent again without doubling.

CREATE TABLE IF NOT EXISTS ${DATABASE}.landing_instruments ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    received_at DateTime64(6, 'UTC'),
    instrument String,
    name String
)
ENGINE = ${REPLICATED}MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000
COMMENT 'One row per row of an instrument file, as received.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.landing_observations ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
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
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000
COMMENT 'One row per row of an observation file, as received.';
