SELECT 1 AS id, 'new' AS grp, toNullable(now()) AS at
UNION ALL SELECT 2, 'newer', now() - INTERVAL 1 HOUR
UNION ALL SELECT 3, 'old', now() - INTERVAL 10 DAY
UNION ALL SELECT 4, 'older', now() - INTERVAL 20 DAY
UNION ALL SELECT 5, 'future', now() + INTERVAL 10 DAY
UNION ALL SELECT 6, 'missing', NULL
