-- The schema after all migrations, as ClickHouse prints it. Written by `touchstone migrate --write-schema`,
-- compared by `touchstone migrate --check`. Never edited by hand.

CREATE TABLE bridge_combination
(
    `product_type_id` UInt32,
    `data_class_id` UInt32,
    `field_id` UInt32,
    `asset_class_id` UInt32,
    `sub_asset_class_id` UInt32,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64
)
ENGINE = MergeTree
ORDER BY (product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000, index_granularity = 8192
COMMENT 'One row per combination of the lookup files per version: which field exists for which product, by IDs.';

CREATE DICTIONARY dict_combination
(
    `product_type_id` UInt32,
    `data_class_id` UInt32,
    `field_id` UInt32,
    `asset_class_id` UInt32,
    `sub_asset_class_id` UInt32,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id, version\n        FROM (\n            SELECT *\n            FROM ${DATABASE}.bridge_combination\n            ORDER BY version DESC\n            LIMIT 1 BY product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id\n        )\n        WHERE is_active\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per permitted combination of IDs.';

CREATE TABLE dim_alias
(
    `domain` LowCardinality(String),
    `parent_id` UInt32,
    `code` String,
    `id` UInt32,
    `recorded_at` DateTime64(6, 'UTC'),
    CONSTRAINT id_is_not_none CHECK id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (domain, id, code)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000, index_granularity = 8192
COMMENT 'One row per spelling of seeds/lookup_aliases.csv, with the ID it resolves to for ever.';

CREATE TABLE dim_asset_class
(
    `asset_class_id` UInt32,
    `code` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT asset_class_id_is_not_none CHECK asset_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (asset_class_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per asset class per version (OpenFIGI market sector).';

CREATE DICTIONARY dict_asset_class
(
    `asset_class_id` UInt64,
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id
SOURCE(CLICKHOUSE(QUERY 'SELECT asset_class_id, code, is_active, version FROM ${DATABASE}.dim_asset_class ORDER BY asset_class_id, version DESC LIMIT 1 BY asset_class_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per asset class: ID to attributes, latest version.';

CREATE DICTIONARY dict_asset_class_history
(
    `asset_class_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            asset_class_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY asset_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, is_active, version\n        FROM ${DATABASE}.dim_asset_class AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per asset class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_asset_class_ids
(
    `code` String,
    `asset_class_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(asset_class_id) AS asset_class_id\n        FROM (\n            SELECT code, asset_class_id FROM ${DATABASE}.dim_asset_class\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'asset_class\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a asset class, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_data_class
(
    `data_class_id` UInt32,
    `code` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT data_class_id_is_not_none CHECK data_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (data_class_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per data class per version (category a field is licensed under).';

CREATE DICTIONARY dict_data_class
(
    `data_class_id` UInt64,
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY data_class_id
SOURCE(CLICKHOUSE(QUERY 'SELECT data_class_id, code, is_active, version FROM ${DATABASE}.dim_data_class ORDER BY data_class_id, version DESC LIMIT 1 BY data_class_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per data class: ID to attributes, latest version.';

CREATE DICTIONARY dict_data_class_history
(
    `data_class_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY data_class_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            data_class_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY data_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, is_active, version\n        FROM ${DATABASE}.dim_data_class AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per data class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_data_class_ids
(
    `code` String,
    `data_class_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(data_class_id) AS data_class_id\n        FROM (\n            SELECT code, data_class_id FROM ${DATABASE}.dim_data_class\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'data_class\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a data class, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_feed_rule
(
    `feed` LowCardinality(String),
    `rule` LowCardinality(String),
    `action` LowCardinality(String),
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT action_is_known CHECK action IN ('reject', 'warn', 'off')
)
ENGINE = MergeTree
ORDER BY (feed, rule, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000, index_granularity = 8192
COMMENT 'One row per rule of a feed per version: what happens to a row that breaks it.';

CREATE DICTIONARY dict_feed_rule
(
    `feed` String,
    `rule` String,
    `action` String DEFAULT 'off',
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY feed, rule
SOURCE(CLICKHOUSE(QUERY 'SELECT feed, rule, action, version FROM ${DATABASE}.dim_feed_rule ORDER BY version DESC LIMIT 1 BY feed, rule'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per rule of a feed: what happens to a row that breaks it.';

CREATE TABLE dim_field
(
    `field_id` UInt32,
    `code` String,
    `field_type` LowCardinality(String),
    `description` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT field_id_is_not_none CHECK field_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (field_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per field per version (data item mnemonic, such as PX_LAST).';

CREATE DICTIONARY dict_field
(
    `field_id` UInt64,
    `code` String DEFAULT '',
    `field_type` String DEFAULT '',
    `description` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY field_id
SOURCE(CLICKHOUSE(QUERY 'SELECT field_id, code, field_type, description, is_active, version FROM ${DATABASE}.dim_field ORDER BY field_id, version DESC LIMIT 1 BY field_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per field: ID to attributes, latest version.';

CREATE DICTIONARY dict_field_history
(
    `field_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `field_type` String DEFAULT '',
    `description` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY field_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            field_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY field_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, field_type, description, is_active, version\n        FROM ${DATABASE}.dim_field AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per field per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_field_ids
(
    `code` String,
    `field_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(field_id) AS field_id\n        FROM (\n            SELECT code, field_id FROM ${DATABASE}.dim_field\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'field\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a field, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_instrument
(
    `instrument_id` UInt32,
    `code` String,
    `name` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT instrument_id_is_not_none CHECK instrument_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (instrument_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per instrument per version; IDs are minted here, not in the ledger.';

CREATE DICTIONARY dict_instrument
(
    `instrument_id` UInt64,
    `code` String DEFAULT '',
    `name` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY instrument_id
SOURCE(CLICKHOUSE(QUERY 'SELECT instrument_id, code, name, is_active, version FROM ${DATABASE}.dim_instrument ORDER BY instrument_id, version DESC LIMIT 1 BY instrument_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 100000000))
COMMENT 'One element per instrument: ID to attributes, latest version.';

CREATE DICTIONARY dict_instrument_history
(
    `instrument_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `name` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY instrument_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            instrument_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY instrument_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, name, is_active, version\n        FROM ${DATABASE}.dim_instrument AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per instrument per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_instrument_ids
(
    `code` String,
    `instrument_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(instrument_id) AS instrument_id\n        FROM (\n            SELECT code, instrument_id FROM ${DATABASE}.dim_instrument\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'instrument\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a instrument, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_product_type
(
    `product_type_id` UInt32,
    `code` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT product_type_id_is_not_none CHECK product_type_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (product_type_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per product type per version (OpenFIGI securityType).';

CREATE DICTIONARY dict_product_type
(
    `product_type_id` UInt64,
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY product_type_id
SOURCE(CLICKHOUSE(QUERY 'SELECT product_type_id, code, is_active, version FROM ${DATABASE}.dim_product_type ORDER BY product_type_id, version DESC LIMIT 1 BY product_type_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per product type: ID to attributes, latest version.';

CREATE DICTIONARY dict_product_type_history
(
    `product_type_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY product_type_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            product_type_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY product_type_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, is_active, version\n        FROM ${DATABASE}.dim_product_type AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per product type per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_product_type_ids
(
    `code` String,
    `product_type_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(product_type_id) AS product_type_id\n        FROM (\n            SELECT code, product_type_id FROM ${DATABASE}.dim_product_type\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'product_type\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a product type, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_reason
(
    `feed` LowCardinality(String),
    `reason` LowCardinality(String),
    `bit` UInt8,
    `at_column` LowCardinality(String),
    `remedy` String,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64
)
ENGINE = MergeTree
ORDER BY (feed, reason, version)
SETTINGS non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000, index_granularity = 8192
COMMENT 'One row per reason for which a feed rejects rows, per version.';

CREATE DICTIONARY dict_reason
(
    `feed` String,
    `reason` String,
    `bit` UInt8 DEFAULT 0,
    `at_column` String DEFAULT '',
    `remedy` String DEFAULT '',
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY feed, reason
SOURCE(CLICKHOUSE(QUERY 'SELECT feed, reason, bit, at_column, remedy, version FROM ${DATABASE}.dim_reason ORDER BY version DESC LIMIT 1 BY feed, reason'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per reason of a feed: what to do about it.';

CREATE TABLE dim_source
(
    `source_id` UInt32,
    `code` String,
    `name` String,
    `licence` LowCardinality(String),
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT source_id_is_not_none CHECK source_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (source_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per data source per version.';

CREATE DICTIONARY dict_source
(
    `source_id` UInt64,
    `code` String DEFAULT '',
    `name` String DEFAULT '',
    `licence` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY source_id
SOURCE(CLICKHOUSE(QUERY 'SELECT source_id, code, name, licence, is_active, version FROM ${DATABASE}.dim_source ORDER BY source_id, version DESC LIMIT 1 BY source_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per source: ID to attributes, latest version.';

CREATE DICTIONARY dict_source_history
(
    `source_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `code` String DEFAULT '',
    `name` String DEFAULT '',
    `licence` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY source_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            source_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY source_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            code, name, licence, is_active, version\n        FROM ${DATABASE}.dim_source AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per data source per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_source_ids
(
    `code` String,
    `source_id` UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT code, min(source_id) AS source_id\n        FROM (\n            SELECT code, source_id FROM ${DATABASE}.dim_source\n            UNION ALL\n            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = \'source\'\n        )\n        GROUP BY code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a data source, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE dim_sub_asset_class
(
    `sub_asset_class_id` UInt32,
    `asset_class_id` UInt32,
    `code` String,
    `is_active` Bool,
    `version` UInt32,
    `valid_from` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC'),
    `batch_id` UInt64,
    CONSTRAINT sub_asset_class_id_is_not_none CHECK sub_asset_class_id > 0,
    CONSTRAINT asset_class_id_is_not_none CHECK asset_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND (code = trimBoth(code))
)
ENGINE = MergeTree
ORDER BY (sub_asset_class_id, version)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 1000, replicated_deduplication_window = 1000
COMMENT 'One row per sub-asset class within its asset class per version (OpenFIGI securityType2).';

CREATE DICTIONARY dict_sub_asset_class
(
    `sub_asset_class_id` UInt64,
    `asset_class_id` UInt32 DEFAULT 0,
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY sub_asset_class_id
SOURCE(CLICKHOUSE(QUERY 'SELECT sub_asset_class_id, asset_class_id, code, is_active, version FROM ${DATABASE}.dim_sub_asset_class ORDER BY sub_asset_class_id, version DESC LIMIT 1 BY sub_asset_class_id'))
LIFETIME(MIN 300 MAX 360)
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
COMMENT 'One element per sub asset class: ID to attributes, latest version.';

CREATE DICTIONARY dict_sub_asset_class_history
(
    `sub_asset_class_id` UInt64,
    `valid_from` DateTime64(6, 'UTC'),
    `valid_to` DateTime64(6, 'UTC'),
    `asset_class_id` UInt32 DEFAULT 0,
    `code` String DEFAULT '',
    `is_active` UInt8 DEFAULT 0,
    `version` UInt32 DEFAULT 0
)
PRIMARY KEY sub_asset_class_id
SOURCE(CLICKHOUSE(QUERY '\n        SELECT\n            sub_asset_class_id,\n            if(version = 1, toDateTime64(0, 6, \'UTC\'), dim.valid_from) AS valid_from,\n            leadInFrame(\n                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, \'UTC\'), 1, toDateTime64(\'2262-01-01\', 6, \'UTC\')\n            ) OVER (PARTITION BY sub_asset_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,\n            asset_class_id, code, is_active, version\n        FROM ${DATABASE}.dim_sub_asset_class AS dim\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
COMMENT 'One element per sub-asset class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY dict_sub_asset_class_ids
(
    `asset_class_id` UInt32,
    `code` String,
    `sub_asset_class_id` UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id, code
SOURCE(CLICKHOUSE(QUERY '\n        SELECT asset_class_id, code, min(sub_asset_class_id) AS sub_asset_class_id\n        FROM (\n            SELECT asset_class_id, code, sub_asset_class_id FROM ${DATABASE}.dim_sub_asset_class\n            UNION ALL\n            SELECT parent_id, code, id FROM ${DATABASE}.dim_alias WHERE domain = \'sub_asset_class\'\n        )\n        GROUP BY asset_class_id, code\n    '))
LIFETIME(MIN 300 MAX 360)
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
COMMENT 'One element per spelling of a sub-asset class, old ones and aliases included: code to ID, used only at ingest.';

CREATE TABLE fct_observations
(
    `instrument_id` UInt32 CODEC(T64, LZ4),
    `field_id` UInt32 CODEC(T64, LZ4),
    `data_class_id` UInt32 CODEC(T64, LZ4),
    `product_type_id` UInt32 CODEC(T64, LZ4),
    `asset_class_id` UInt32 CODEC(T64, LZ4),
    `sub_asset_class_id` UInt32 CODEC(T64, LZ4),
    `source_id` UInt32 CODEC(T64, LZ4),
    `observed_at` DateTime64(6, 'UTC'),
    `known_at` DateTime64(6, 'UTC'),
    `value_number` Nullable(Float64),
    `value_text` Nullable(String),
    `value_date` Nullable(Date32),
    `batch_id` UInt64,
    `row_number` UInt64 CODEC(T64, LZ4),
    CONSTRAINT has_exactly_one_value CHECK ((isNotNull(value_number) + isNotNull(value_text)) + isNotNull(value_date)) = 1,
    CONSTRAINT fk_instrument CHECK dictHas('${DATABASE}.dict_instrument', toUInt64(instrument_id)),
    CONSTRAINT fk_field CHECK dictHas('${DATABASE}.dict_field', toUInt64(field_id)),
    CONSTRAINT fk_data_class CHECK dictHas('${DATABASE}.dict_data_class', toUInt64(data_class_id)),
    CONSTRAINT fk_product_type CHECK dictHas('${DATABASE}.dict_product_type', toUInt64(product_type_id)),
    CONSTRAINT fk_asset_class CHECK dictHas('${DATABASE}.dict_asset_class', toUInt64(asset_class_id)),
    CONSTRAINT fk_sub_asset_class CHECK dictHas('${DATABASE}.dict_sub_asset_class', toUInt64(sub_asset_class_id)),
    CONSTRAINT fk_sub_asset_class_of_asset_class CHECK dictGet('${DATABASE}.dict_sub_asset_class', 'asset_class_id', toUInt64(sub_asset_class_id)) = asset_class_id,
    CONSTRAINT fk_source CHECK dictHas('${DATABASE}.dict_source', toUInt64(source_id))
)
ENGINE = MergeTree
PARTITION BY toYear(observed_at)
ORDER BY (instrument_id, field_id, observed_at, source_id, known_at)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000, index_granularity = 8192
COMMENT 'One row per accepted observation: a value of one field of one instrument at one time from one source, as known at one time.';

CREATE TABLE feed_observations
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `attempt` UInt16,
    `operation_id` UInt64,
    `is_repeated` Bool,
    `received_at` DateTime64(6, 'UTC'),
    `observed_at` String,
    `source` LowCardinality(String),
    `instrument` String,
    `asset_class` LowCardinality(String),
    `sub_asset_class` LowCardinality(String),
    `product_type` LowCardinality(String),
    `data_class` LowCardinality(String),
    `field` LowCardinality(String),
    `value` String
)
ENGINE = `Null`
COMMENT 'One row per attempt to resolve a landed observation.';

CREATE TABLE landing_instruments
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `received_at` DateTime64(6, 'UTC'),
    `instrument` String,
    `name` String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000, index_granularity = 8192
COMMENT 'One row per row of an instrument file, as received.';

CREATE TABLE landing_lookups
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `received_at` DateTime64(6, 'UTC'),
    `product_type` String,
    `data_class` String,
    `field` String,
    `asset_class` String,
    `sub_asset_class` String,
    `field_type` String,
    `field_description` String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000, index_granularity = 8192
COMMENT 'One row per row of a landed lookup file (a vendor catalogue too big for seeds/), as received.';

CREATE TABLE landing_observations
(
    `batch_id` UInt64,
    `row_number` UInt64 CODEC(T64, LZ4),
    `received_at` DateTime64(6, 'UTC'),
    `observed_at` String,
    `source` LowCardinality(String),
    `instrument` String,
    `asset_class` LowCardinality(String),
    `sub_asset_class` LowCardinality(String),
    `product_type` LowCardinality(String),
    `data_class` LowCardinality(String),
    `field` LowCardinality(String),
    `value` String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000, index_granularity = 8192
COMMENT 'One row per row of a file of observations, as received.';

CREATE TABLE ops_batches
(
    `batch_id` UInt64,
    `feed` LowCardinality(String),
    `state` Enum8('started' = 1, 'committed' = 2, 'failed' = 3, 'landed' = 4),
    `content_sha256` FixedString(64),
    `source_file` String,
    `rows_landed` UInt64,
    `rows_accepted` UInt64,
    `rows_rejected` UInt64,
    `message` String,
    `code_version` LowCardinality(String),
    `dagster_run_id` String,
    `received_at` DateTime64(6, 'UTC'),
    `recorded_at` DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (feed, batch_id, recorded_at)
SETTINGS index_granularity = 8192
COMMENT 'One row per change of state of a batch.';

CREATE TABLE ops_identity
(
    `dimension` LowCardinality(String),
    `rows` UInt64,
    `checksum` UInt64,
    `table_uuid` UUID,
    `last_recorded_at` DateTime64(6, 'UTC'),
    `noted_at` DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (dimension, noted_at)
SETTINGS index_granularity = 8192
COMMENT 'One row per append to a dimension: what it held afterwards. A dimension that differs from its last row was changed by somebody else.';

CREATE TABLE ops_ledger
(
    `domain` LowCardinality(String),
    `parent_key` String,
    `key` String,
    `id` UInt32,
    `recorded_at` DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    CONSTRAINT id_is_not_none CHECK id > 0
)
ENGINE = MergeTree
ORDER BY (domain, id)
SETTINGS index_granularity = 8192
COMMENT 'One row per line of the ledger seeds/lookup_ids.csv that this warehouse has seen; append-only.';

CREATE TABLE ops_quarantine
(
    `operation_id` UInt64,
    `feed` LowCardinality(String),
    `action` Enum8('replay' = 1, 'discard' = 2),
    `state` Enum8('started' = 1, 'done' = 2, 'failed' = 3),
    `selection` String,
    `note` String,
    `actor` String,
    `rows_selected` UInt64,
    `rows_accepted` UInt64,
    `message` String,
    `code_version` LowCardinality(String),
    `dagster_run_id` String,
    `recorded_at` DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (feed, operation_id, recorded_at)
SETTINGS index_granularity = 8192
COMMENT 'One row per change of state of a replay or a discard of quarantined rows.';

CREATE TABLE quarantine_observations
(
    `batch_id` UInt64,
    `row_number` UInt64 CODEC(T64, LZ4),
    `attempt` UInt16,
    `operation_id` UInt64,
    `reason_mask` UInt64,
    `reasons` Array(LowCardinality(String)),
    `received_at` DateTime64(6, 'UTC'),
    `observed_at` String,
    `source` String,
    `instrument` String,
    `asset_class` String,
    `sub_asset_class` String,
    `product_type` String,
    `data_class` String,
    `field` String,
    `value` String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (batch_id, row_number, attempt)
SETTINGS non_replicated_deduplication_window = 10000, replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 31536000, index_granularity = 8192
COMMENT 'One row per attempt that failed, and per later one of the same landed row. Without reasons it was accepted.';

CREATE TABLE resolved_observations
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `attempt` UInt16,
    `operation_id` UInt64,
    `received_at` DateTime64(6, 'UTC'),
    `source_id` UInt32,
    `instrument_id` UInt32,
    `asset_class_id` UInt32,
    `sub_asset_class_id` UInt32,
    `product_type_id` UInt32,
    `data_class_id` UInt32,
    `field_id` UInt32,
    `event_time` DateTime64(6, 'UTC'),
    `typed_value_number` Nullable(Float64),
    `typed_value_text` Nullable(String),
    `typed_value_date` Nullable(Date32),
    `reason_mask` UInt64,
    `observed_at` String,
    `source` LowCardinality(String),
    `instrument` String,
    `asset_class` LowCardinality(String),
    `sub_asset_class` LowCardinality(String),
    `product_type` LowCardinality(String),
    `data_class` LowCardinality(String),
    `field` LowCardinality(String),
    `value` String
)
ENGINE = `Null`
COMMENT 'One row per attempt, with IDs, typed values and the mask of its faults.';

CREATE MATERIALIZED VIEW mv_accept_observations TO fct_observations
(
    `source_id` UInt32,
    `instrument_id` UInt32,
    `asset_class_id` UInt32,
    `sub_asset_class_id` UInt32,
    `product_type_id` UInt32,
    `data_class_id` UInt32,
    `field_id` UInt32,
    `observed_at` DateTime64(6, 'UTC'),
    `known_at` DateTime64(6, 'UTC'),
    `value_number` Nullable(Float64),
    `value_text` Nullable(String),
    `value_date` Nullable(Date32),
    `batch_id` UInt64,
    `row_number` UInt64
)
AS SELECT
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
FROM resolved_observations
WHERE reason_mask = 0;

CREATE MATERIALIZED VIEW mv_reject_observations TO quarantine_observations
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `attempt` UInt16,
    `operation_id` UInt64,
    `reason_mask` UInt64,
    `reasons` Array(String),
    `received_at` DateTime64(6, 'UTC'),
    `observed_at` String,
    `source` LowCardinality(String),
    `instrument` String,
    `asset_class` LowCardinality(String),
    `sub_asset_class` LowCardinality(String),
    `product_type` LowCardinality(String),
    `data_class` LowCardinality(String),
    `field` LowCardinality(String),
    `value` String
)
AS SELECT
    batch_id,
    row_number,
    attempt,
    operation_id,
    reason_mask,
    arrayFilter((reason, bit) -> bitTest(reason_mask, bit), ['missing_observed_at', 'bad_observed_at', 'out_of_range_observed_at', 'future_event_time', 'missing_source', 'unknown_source', 'missing_instrument', 'unknown_instrument', 'missing_asset_class', 'unknown_asset_class', 'missing_sub_asset_class', 'unknown_sub_asset_class', 'missing_product_type', 'unknown_product_type', 'missing_data_class', 'unknown_data_class', 'missing_field', 'unknown_field', 'missing_value', 'bad_value', 'forbidden_combination', 'duplicate_in_batch'], range(22)) AS reasons,
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
FROM resolved_observations
WHERE (reason_mask != 0) OR (attempt > 1);

CREATE MATERIALIZED VIEW mv_resolve_observations TO resolved_observations
(
    `batch_id` UInt64,
    `row_number` UInt64,
    `attempt` UInt16,
    `operation_id` UInt64,
    `received_at` DateTime64(6, 'UTC'),
    `source_id` LowCardinality(UInt32),
    `instrument_id` UInt32,
    `asset_class_id` LowCardinality(UInt32),
    `sub_asset_class_id` UInt32,
    `product_type_id` LowCardinality(UInt32),
    `data_class_id` LowCardinality(UInt32),
    `field_id` LowCardinality(UInt32),
    `event_time` DateTime64(6, 'UTC'),
    `typed_value_number` Nullable(Float64),
    `typed_value_text` Nullable(String),
    `typed_value_date` Nullable(Date32),
    `reason_mask` UInt64,
    `observed_at` String,
    `source` LowCardinality(String),
    `instrument` String,
    `asset_class` LowCardinality(String),
    `sub_asset_class` LowCardinality(String),
    `product_type` LowCardinality(String),
    `data_class` LowCardinality(String),
    `field` LowCardinality(String),
    `value` String
)
AS WITH
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
    if(toString(canonical_time) = time_text, canonical_time, if(match(time_text, '^([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?(Z|[+-](0\\d|1[0-4]):?[0-5]\\d)?)?$'), parseDateTime64BestEffortOrNull(time_text, 6, 'UTC'), NULL)) AS parsed_time,
    trimBoth(value) AS value_in,
    dictGetOrDefault('${DATABASE}.dict_field', 'field_type', toUInt64(resolved_field_id), '') AS type_of_value,
    if(type_of_value = 'number', toFloat64OrNull(value_in), NULL) AS value_as_number,
    if(type_of_value = 'integer', toInt64OrNull(value_in), NULL) AS value_as_integer,
    if(type_of_value = 'boolean', transform(value_in, ['Y', 'N'], [1, 0], NULL), NULL) AS value_as_boolean,
    if((type_of_value = 'date') AND match(value_in, '^([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'), toDate32(parseDateTime64OrNull(value_in, '%Y-%m-%d', 'UTC')), NULL) AS value_as_date,
    multiIf(type_of_value = 'number', ifNull(isFinite(value_as_number), false), type_of_value = 'integer', ifNull((value_as_integer >= -9007199254740992) AND (value_as_integer <= 9007199254740992), false), type_of_value = 'boolean', isNotNull(value_as_boolean), type_of_value = 'date', isNotNull(value_as_date), type_of_value = 'text', match(value_in, '\\p{L}'), type_of_value = 'identifier', match(value_in, '[\\p{L}\\p{N}]'), false) AS is_value_of_type,
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
    if((type_of_value IN ('text', 'identifier')), value_in, NULL) AS typed_value_text,
    value_as_date AS typed_value_date,
    if((resolved_source_id != 0) AND (resolved_instrument_id != 0) AND (resolved_asset_class_id != 0) AND (resolved_product_type_id != 0) AND (resolved_data_class_id != 0) AND (resolved_field_id != 0) AND (resolved_sub_asset_class_id != 0) AND ifNull((parsed_time >= toDateTime64('1970-01-01', 6, 'UTC')) AND (parsed_time <= (received_at + toIntervalDay(1))), false) AND is_value_of_type AND ((action != 'reject') OR dictHas('${DATABASE}.dict_combination', combination)) AND (NOT is_repeated), toUInt64(0), ((((((((((((((((((((bitShiftLeft(toUInt64(time_text = ''), 0) + bitShiftLeft(toUInt64((time_text != '') AND isNull(parsed_time)), 1)) + bitShiftLeft(toUInt64(ifNull(parsed_time < toDateTime64('1970-01-01', 6, 'UTC'), false)), 2)) + bitShiftLeft(toUInt64(ifNull(parsed_time > (received_at + toIntervalDay(1)), false)), 3)) + bitShiftLeft(toUInt64(source_code = ''), 4)) + bitShiftLeft(toUInt64((source_code != '') AND (resolved_source_id = 0)), 5)) + bitShiftLeft(toUInt64(instrument_code = ''), 6)) + bitShiftLeft(toUInt64((instrument_code != '') AND (resolved_instrument_id = 0)), 7)) + bitShiftLeft(toUInt64(asset_class_code = ''), 8)) + bitShiftLeft(toUInt64((asset_class_code != '') AND (resolved_asset_class_id = 0)), 9)) + bitShiftLeft(toUInt64(sub_asset_class_code = ''), 10)) + bitShiftLeft(toUInt64((sub_asset_class_code != '') AND (resolved_sub_asset_class_id = 0)), 11)) + bitShiftLeft(toUInt64(product_type_code = ''), 12)) + bitShiftLeft(toUInt64((product_type_code != '') AND (resolved_product_type_id = 0)), 13)) + bitShiftLeft(toUInt64(data_class_code = ''), 14)) + bitShiftLeft(toUInt64((data_class_code != '') AND (resolved_data_class_id = 0)), 15)) + bitShiftLeft(toUInt64(field_code = ''), 16)) + bitShiftLeft(toUInt64((field_code != '') AND (resolved_field_id = 0)), 17)) + bitShiftLeft(toUInt64(value_in = ''), 18)) + bitShiftLeft(toUInt64((value_in != '') AND (type_of_value != '') AND (NOT is_value_of_type)), 19)) + bitShiftLeft(toUInt64((action = 'reject') AND has_all_ids AND (NOT dictHas('${DATABASE}.dict_combination', combination))), 20)) + bitShiftLeft(toUInt64(is_repeated AND (dictGetOrDefault('${DATABASE}.dict_feed_rule', 'action', ('observations', 'duplicate_in_batch'), 'off') = 'reject')), 21)) AS reason_mask,
    observed_at,
    source,
    instrument,
    asset_class,
    sub_asset_class,
    product_type,
    data_class,
    field,
    value
FROM feed_observations;
