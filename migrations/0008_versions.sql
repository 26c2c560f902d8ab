-- Versions: the history of every domain as a dictionary (ID and time to attributes), and code to ID for every spelling a code
-- ever had. The first version of an ID holds from 1970-01-01: nothing is known of before, and old facts must find their names.
CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_product_type_history ${ON_CLUSTER} (
    product_type_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY product_type_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            product_type_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY product_type_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, is_active, version
        FROM ${DATABASE}.dim_product_type AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per product type per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_data_class_history ${ON_CLUSTER} (
    data_class_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY data_class_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            data_class_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY data_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, is_active, version
        FROM ${DATABASE}.dim_data_class AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per data class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_field_history ${ON_CLUSTER} (
    field_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    field_type String DEFAULT '',
    description String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY field_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            field_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY field_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, field_type, description, is_active, version
        FROM ${DATABASE}.dim_field AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per field per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_asset_class_history ${ON_CLUSTER} (
    asset_class_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            asset_class_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY asset_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, is_active, version
        FROM ${DATABASE}.dim_asset_class AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per asset class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_sub_asset_class_history ${ON_CLUSTER} (
    sub_asset_class_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    asset_class_id UInt32 DEFAULT 0,
    code String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY sub_asset_class_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            sub_asset_class_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY sub_asset_class_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            asset_class_id, code, is_active, version
        FROM ${DATABASE}.dim_sub_asset_class AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per sub-asset class per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_source_history ${ON_CLUSTER} (
    source_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    name String DEFAULT '',
    licence String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY source_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            source_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY source_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, name, licence, is_active, version
        FROM ${DATABASE}.dim_source AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per data source per version: ID and time to the attributes as they were.';

CREATE DICTIONARY IF NOT EXISTS ${DATABASE}.dict_instrument_history ${ON_CLUSTER} (
    instrument_id UInt64,
    valid_from DateTime64(6, 'UTC'),
    valid_to DateTime64(6, 'UTC'),
    code String DEFAULT '',
    name String DEFAULT '',
    is_active UInt8 DEFAULT 0,
    version UInt32 DEFAULT 0
)
PRIMARY KEY instrument_id
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT
            instrument_id,
            if(version = 1, toDateTime64(0, 6, ''UTC''), dim.valid_from) AS valid_from,
            leadInFrame(
                toDateTime64(dim.valid_from - INTERVAL 1 MICROSECOND, 6, ''UTC''), 1, toDateTime64(''2262-01-01'', 6, ''UTC'')
            ) OVER (PARTITION BY instrument_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to,
            code, name, is_active, version
        FROM ${DATABASE}.dim_instrument AS dim
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per instrument per version: ID and time to the attributes as they were.';

-- Replaced in place: constraints and views that rest on these dictionaries go on working.
CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_product_type_ids ${ON_CLUSTER} (
    code String,
    product_type_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(product_type_id) AS product_type_id
        FROM (
            SELECT code, product_type_id FROM ${DATABASE}.dim_product_type
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''product_type''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a product type, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_data_class_ids ${ON_CLUSTER} (
    code String,
    data_class_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(data_class_id) AS data_class_id
        FROM (
            SELECT code, data_class_id FROM ${DATABASE}.dim_data_class
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''data_class''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a data class, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_field_ids ${ON_CLUSTER} (
    code String,
    field_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(field_id) AS field_id
        FROM (
            SELECT code, field_id FROM ${DATABASE}.dim_field
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''field''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a field, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_asset_class_ids ${ON_CLUSTER} (
    code String,
    asset_class_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(asset_class_id) AS asset_class_id
        FROM (
            SELECT code, asset_class_id FROM ${DATABASE}.dim_asset_class
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''asset_class''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a asset class, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_sub_asset_class_ids ${ON_CLUSTER} (
    asset_class_id UInt32,
    code String,
    sub_asset_class_id UInt32 DEFAULT 0
)
PRIMARY KEY asset_class_id, code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT asset_class_id, code, min(sub_asset_class_id) AS sub_asset_class_id
        FROM (
            SELECT asset_class_id, code, sub_asset_class_id FROM ${DATABASE}.dim_sub_asset_class
            UNION ALL
            SELECT parent_id, code, id FROM ${DATABASE}.dim_alias WHERE domain = ''sub_asset_class''
        )
        GROUP BY asset_class_id, code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a sub-asset class, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_source_ids ${ON_CLUSTER} (
    code String,
    source_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(source_id) AS source_id
        FROM (
            SELECT code, source_id FROM ${DATABASE}.dim_source
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''source''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a data source, old ones and aliases included: code to ID, used only at ingest.';

CREATE OR REPLACE DICTIONARY ${DATABASE}.dict_instrument_ids ${ON_CLUSTER} (
    code String,
    instrument_id UInt32 DEFAULT 0
)
PRIMARY KEY code
SOURCE(CLICKHOUSE(
    QUERY '
        SELECT code, min(instrument_id) AS instrument_id
        FROM (
            SELECT code, instrument_id FROM ${DATABASE}.dim_instrument
            UNION ALL
            SELECT code, id FROM ${DATABASE}.dim_alias WHERE domain = ''instrument''
        )
        GROUP BY code
    '
    ${DICTIONARY_CREDENTIALS}
))
LAYOUT(COMPLEX_KEY_HASHED_ARRAY())
LIFETIME(MIN 300 MAX 360)
COMMENT 'One element per spelling of a instrument, old ones and aliases included: code to ID, used only at ingest.';
