-- thirty days up to yesterday; `jumpy` jumps three days ago
SELECT today() - 30 + number AS day, 'x' AS grp, 100 + number % 3 AS steady, if(number = 27, 10000, steady) AS jumpy
FROM numbers(30)
