{# No two rows share these columns. Fails on a relation without rows: it would have proven nothing. #}
{% test unique_combination(model, columns) %}
SELECT {{ columns | join(', ') }}, count() AS rows_with_it
FROM {{ model }}
GROUP BY {{ columns | join(', ') }}
HAVING count() > 1
LIMIT 100

UNION ALL

SELECT {% for column in columns %}any({{ column }}), {% endfor %}0
FROM {{ model }}
HAVING count() = 0
{% endtest %}
