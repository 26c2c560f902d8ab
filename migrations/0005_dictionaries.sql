-- Dictionaries: dict_<domain> gives the attributes of an ID, dict_<domain>_ids the ID of a code.
-- Each reads the latest version of its dimension. They reload on demand (the gate) and by LIFETIME as a safety net.

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_product_type ${ON_CLUSTER} (
    product_type_id UInt64,
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY product_type_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT product_type_id, code, is_active, version FROM ${DATABASE}.dim_product_type ORDER BY product_type_id, version DESC LIMIT 1 BY product_type_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per product type: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_product_type_ids ${ON_CLUSTER} (
    code String,
    product_type_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, product_type_id FROM ${DATABASE}.dim_product_type ORDER BY product_type_id, version DESC LIMIT 1 BY product_type_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per product type: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_data_class ${ON_CLUSTER} (
    data_class_id UInt64,
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY data_class_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT data_class_id, code, is_active, version FROM ${DATABASE}.dim_data_class ORDER BY data_class_id, version DESC LIMIT 1 BY data_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per data class: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_data_class_ids ${ON_CLUSTER} (
    code String,
    data_class_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, data_class_id FROM ${DATABASE}.dim_data_class ORDER BY data_class_id, version DESC LIMIT 1 BY data_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per data class: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_field ${ON_CLUSTER} (
    field_id UInt64,
    code String DEFAULT '',
    field_type String DEFAULT '',
    description String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY field_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT field_id, code, field_type, description, is_active, version FROM ${DATABASE}.dim_field ORDER BY field_id, version DESC LIMIT 1 BY field_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per field: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_field_ids ${ON_CLUSTER} (
    code String,
    field_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, field_id FROM ${DATABASE}.dim_field ORDER BY field_id, version DESC LIMIT 1 BY field_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per field: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_asset_class ${ON_CLUSTER} (
    asset_class_id UInt64,
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT asset_class_id, code, is_active, version FROM ${DATABASE}.dim_asset_class ORDER BY asset_class_id, version DESC LIMIT 1 BY asset_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per asset class: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_asset_class_ids ${ON_CLUSTER} (
    code String,
    asset_class_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, asset_class_id FROM ${DATABASE}.dim_asset_class ORDER BY asset_class_id, version DESC LIMIT 1 BY asset_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per asset class: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_sub_asset_class ${ON_CLUSTER} (
    sub_asset_class_id UInt64,
    asset_class_id UInt32 DEFAULT 0,
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY sub_asset_class_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT sub_asset_class_id, asset_class_id, code, is_active, version FROM ${DATABASE}.dim_sub_asset_class ORDER BY sub_asset_class_id, version DESC LIMIT 1 BY sub_asset_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per sub asset class: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_sub_asset_class_ids ${ON_CLUSTER} (
    asset_class_id UInt32,
    code String,
    sub_asset_class_id UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id, code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT asset_class_id, code, sub_asset_class_id FROM ${DATABASE}.dim_sub_asset_class ORDER BY sub_asset_class_id, version DESC LIMIT 1 BY sub_asset_class_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per sub asset class: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_source ${ON_CLUSTER} (
    source_id UInt64,
    code String DEFAULT '',
    name String DEFAULT '',
    licence String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY source_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT source_id, code, name, licence, is_active, version FROM ${DATABASE}.dim_source ORDER BY source_id, version DESC LIMIT 1 BY source_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 5000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per source: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_source_ids ${ON_CLUSTER} (
    code String,
    source_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, source_id FROM ${DATABASE}.dim_source ORDER BY source_id, version DESC LIMIT 1 BY source_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per source: code to ID, used only at ingest.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_instrument ${ON_CLUSTER} (
    instrument_id UInt64,
    code String DEFAULT '',
    name String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY instrument_id
SOURCE(CLICKHOUSE(
    QUERY 'SELECT instrument_id, code, name, is_active, version FROM ${DATABASE}.dim_instrument ORDER BY instrument_id, version DESC LIMIT 1 BY instrument_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 100000000))
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per instrument: ID to attributes, latest version.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_instrument_ids ${ON_CLUSTER} (
    code String,
    instrument_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY 'SELECT code, instrument_id FROM ${DATABASE}.dim_instrument ORDER BY instrument_id, version DESC LIMIT 1 BY instrument_id'
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per instrument: code to ID, used only at ingest.';

-- Foreign keys of the facts: an ID that its dictionary does not hold is refused by the table itself (code 469).

ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER}
    ADD CONSTRAINT IF NOT EXISTS fk_instrument CHECK dictHas('${DATABASE}.dict_instrument', toUInt64(instrument_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_field CHECK dictHas('${DATABASE}.dict_field', toUInt64(field_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_data_class CHECK dictHas('${DATABASE}.dict_data_class', toUInt64(data_class_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_product_type CHECK dictHas('${DATABASE}.dict_product_type', toUInt64(product_type_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_asset_class CHECK dictHas('${DATABASE}.dict_asset_class', toUInt64(asset_class_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_sub_asset_class CHECK dictHas('${DATABASE}.dict_sub_asset_class', toUInt64(sub_asset_class_id)),
    ADD CONSTRAINT IF NOT EXISTS fk_sub_asset_class_of_asset_class
        CHECK dictGet('${DATABASE}.dict_sub_asset_class', 'asset_class_id', toUInt64(sub_asset_class_id)) = asset_class_id,
    ADD CONSTRAINT IF NOT EXISTS fk_source CHECK dictHas('${DATABASE}.dict_source', toUInt64(source_id));
