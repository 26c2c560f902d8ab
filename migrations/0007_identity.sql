-- Identity: the ledger as the warehouse has seen it, spellings beside codes, landed lookup files, permitted combinations,
-- rules of feeds, and a record of what every dimension held, so that an ID that moves is found.
CREATE TABLE IF NOT EXISTS ${DATABASE}.ops_ledger ${ON_CLUSTER} (
    domain LowCardinality(String),
    parent_key String,
    key String,
    id UInt32,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    CONSTRAINT id_is_not_none CHECK id > 0
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (domain, id)
COMMENT 'One row per line of the ledger seeds/lookup_ids.csv that this warehouse has seen; append-only.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.ops_identity ${ON_CLUSTER} (
    dimension LowCardinality(String),
    rows UInt64,
    checksum UInt64,
    table_uuid UUID,
    last_recorded_at DateTime64(6, 'UTC'),
    noted_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (dimension, noted_at)
COMMENT 'One row per append to a dimension: what it held afterwards. A dimension that differs from its last row was changed by somebody else.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.landing_lookups ${ON_CLUSTER} (
    batch_id UInt64,
    row_number UInt64,
    received_at DateTime64(6, 'UTC'),
    product_type String,
    data_class String,
    field String,
    asset_class String,
    sub_asset_class String,
    field_type String,
    field_description String
)
ENGINE = ${REPLICATED}MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000
COMMENT 'One row per row of a landed lookup file (a vendor catalogue too big for seeds/), as received.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_alias ${ON_CLUSTER} (
    domain LowCardinality(String),
    parent_id UInt32,
    code String,
    id UInt32,
    recorded_at DateTime64(6, 'UTC'),
    CONSTRAINT id_is_not_none CHECK id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (domain, id, code)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per spelling of seeds/lookup_aliases.csv, with the ID it resolves to for ever.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.bridge_combination ${ON_CLUSTER} (
    product_type_id UInt32,
    data_class_id UInt32,
    field_id UInt32,
    asset_class_id UInt32,
    sub_asset_class_id UInt32,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per combination of the lookup files per version: which field exists for which product, by IDs.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_feed_rule ${ON_CLUSTER} (
    feed LowCardinality(String),
    rule LowCardinality(String),
    action LowCardinality(String),
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT action_is_known CHECK action IN ('reject', 'warn', 'off')
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (feed, rule, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per rule of a feed per version: what happens to a row that breaks it.';

-- An append to a dimension carries a token made of what the dimension held before: of two writers that started from the same
-- state, the second one is refused by the table itself.
ALTER TABLE ${DATABASE}.dim_product_type ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_data_class ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_field ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_asset_class ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_sub_asset_class ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_source ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
ALTER TABLE ${DATABASE}.dim_instrument ${ON_CLUSTER} MODIFY SETTING non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000;
