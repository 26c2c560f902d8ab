SELECT
    feed,
    reason,
    bit,
    at_column,
    remedy,
    version
FROM {{ ref('dim_reason') }}
ORDER BY version DESC
LIMIT 1 BY feed, reason
