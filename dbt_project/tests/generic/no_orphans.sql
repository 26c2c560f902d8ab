{#
    Orphans: rows that break a foreign key, which a constraint does not see where they were there before it. One scan for all keys. Each is
    a name and an expression, as in the constraints. Fails on a relation without rows.
#}
{% test no_orphans(model, keys) %}
SELECT key.1 AS foreign_key, key.2 AS rows_that_break_it, rows_scanned
FROM (
    SELECT
        count() AS rows_scanned,
        [
            {%- for key in keys %}
            ('{{ key.name }}', countIf(NOT ({{ key.expression | replace('<database>', target.schema) }}))){{ ',' if not loop.last }}
            {%- endfor %}
        ] AS keys
    FROM {{ model }}
)
ARRAY JOIN keys AS key
WHERE key.2 > 0 OR rows_scanned = 0
{% endtest %}
