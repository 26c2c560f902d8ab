{#
    No two rows share these columns. Fails on a relation without rows: it would have proven nothing.
    With `among_distinct_rows` a row may be repeated as a whole, but not with other values in other columns.
#}
{% test unique_combination(model, columns, among_distinct_rows=false) %}
SELECT {{ columns | join(', ') }}, count() AS rows_with_it
FROM {% if among_distinct_rows %}(SELECT DISTINCT * FROM {{ model }}){% else %}{{ model }}{% endif %}
GROUP BY {{ columns | join(', ') }}
HAVING count() > 1
LIMIT 100

UNION ALL

SELECT {% for column in columns %}any({{ column }}), {% endfor %}0
FROM {{ model }}
HAVING count() = 0
{% endtest %}
