-- What happens to rows that break a rule, as feeds.yml says.
WITH staged AS (
    SELECT declared.1 AS feed, declared.2 AS rule, declared.3 AS action
    FROM (SELECT arrayJoin({{ tuples_in_sql(declared_rules()) }}) AS declared)
),

known AS (
    SELECT * FROM {{ this }}
    ORDER BY version DESC
    LIMIT 1 BY feed, rule
),

appended AS (
    SELECT
        staged.feed AS feed,
        staged.rule AS rule,
        staged.action AS action,
        toUInt32(known.version + 1) AS version
    FROM staged
    LEFT JOIN known ON known.feed = staged.feed AND known.rule = staged.rule
    WHERE known.action != staged.action
)

SELECT
    feed,
    rule,
    action,
    version,
    {{ log_columns() }}
FROM appended
