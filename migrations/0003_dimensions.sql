-- Dimensions: append-only logs of versions, one table per domain.
-- An ID is written once per version and never moves; ID 0 means "none" and is refused.

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_product_type ${ON_CLUSTER} (
    product_type_id UInt32,
    code String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT product_type_id_is_not_none CHECK product_type_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (product_type_id, version)
COMMENT 'One row per product type per version (OpenFIGI securityType).';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_data_class ${ON_CLUSTER} (
    data_class_id UInt32,
    code String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT data_class_id_is_not_none CHECK data_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (data_class_id, version)
COMMENT 'One row per data class per version (category a field is licensed under).';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_field ${ON_CLUSTER} (
    field_id UInt32,
    code String,
    field_type LowCardinality(String),
    description String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT field_id_is_not_none CHECK field_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (field_id, version)
COMMENT 'One row per field per version (data item mnemonic, such as PX_LAST).';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_asset_class ${ON_CLUSTER} (
    asset_class_id UInt32,
    code String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT asset_class_id_is_not_none CHECK asset_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (asset_class_id, version)
COMMENT 'One row per asset class per version (OpenFIGI market sector).';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_sub_asset_class ${ON_CLUSTER} (
    sub_asset_class_id UInt32,
    asset_class_id UInt32,
    code String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT sub_asset_class_id_is_not_none CHECK sub_asset_class_id > 0,
    CONSTRAINT asset_class_id_is_not_none CHECK asset_class_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (sub_asset_class_id, version)
COMMENT 'One row per sub-asset class within its asset class per version (OpenFIGI securityType2).';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_source ${ON_CLUSTER} (
    source_id UInt32,
    code String,
    name String,
    licence LowCardinality(String),
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT source_id_is_not_none CHECK source_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (source_id, version)
COMMENT 'One row per data source per version.';

CREATE TABLE IF NOT EXISTS ${DATABASE}.dim_instrument ${ON_CLUSTER} (
    instrument_id UInt32,
    code String,
    name String,
    is_active Bool,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    batch_id UInt64,
    CONSTRAINT instrument_id_is_not_none CHECK instrument_id > 0,
    CONSTRAINT code_is_clean CHECK notEmpty(code) AND code = trimBoth(code)
)
ENGINE = ${REPLICATED}MergeTree
ORDER BY (instrument_id, version)
COMMENT 'One row per instrument per version; IDs are minted here, not in the ledger.';
