SELECT
    feed,
    rule,
    action,
    version
FROM {{ ref('dim_feed_rule') }}
ORDER BY version DESC
LIMIT 1 BY feed, rule
