-- The reasons for which feeds reject rows, with what to do about each, as feeds.yml has them.
WITH staged AS (
    SELECT declared.1 AS feed, declared.2 AS reason, declared.3 AS bit, declared.4 AS at_column, declared.5 AS remedy
    FROM (SELECT arrayJoin({{ tuples_in_sql(declared_reasons()) }}) AS declared)
),

known AS (
    SELECT * FROM {{ this }}
    ORDER BY version DESC
    LIMIT 1 BY feed, reason
),

appended AS (
    SELECT
        staged.feed AS feed,
        staged.reason AS reason,
        toUInt8(staged.bit) AS bit,
        staged.at_column AS at_column,
        staged.remedy AS remedy,
        toUInt32(known.version + 1) AS version
    FROM staged
    LEFT JOIN known ON known.feed = staged.feed AND known.reason = staged.reason
    WHERE known.version = 0 OR (known.bit, known.at_column, known.remedy) != (staged.bit, staged.at_column, staged.remedy)
)

SELECT
    feed,
    reason,
    bit,
    at_column,
    remedy,
    version,
    {{ log_columns() }}
FROM appended
