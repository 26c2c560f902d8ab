-- What happens to rows that break a rule, as the variable feed_rules of dbt_project.yml says.
WITH declared AS (
    SELECT arrayJoin(JSONExtractKeysAndValuesRaw('{{ var("feed_rules") | tojson }}')) AS rules_of_feed
),

unfolded AS (
    SELECT
        rules_of_feed.1 AS feed,
        arrayJoin(JSONExtractKeysAndValues(rules_of_feed.2, 'String')) AS action_of_rule
    FROM declared
),

staged AS (
    SELECT
        feed,
        action_of_rule.1 AS rule,
        action_of_rule.2 AS action
    FROM unfolded
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
