SELECT CAST(NULL AS Nullable(String)) AS code FROM numbers(2)
