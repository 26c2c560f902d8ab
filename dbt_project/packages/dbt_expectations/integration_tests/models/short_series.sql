-- two days up to yesterday
SELECT today() - 2 + number AS day, pow(1000, number) AS jumpy FROM numbers(2)
