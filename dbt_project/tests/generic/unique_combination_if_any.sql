{# No two rows share these columns. Unlike unique_combination it passes on a relation without rows, where none is normal. #}
{% test unique_combination_if_any(model, columns) %}
SELECT {{ columns | join(', ') }}, count() AS rows_with_it
FROM {{ model }}
GROUP BY {{ columns | join(', ') }}
HAVING count() > 1
LIMIT 100
{% endtest %}
