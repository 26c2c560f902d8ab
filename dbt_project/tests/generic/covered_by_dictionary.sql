{# Every ID here is in the dictionary: a fact without orphans. Fails on a relation without rows: it would have proven nothing. #}
{% test covered_by_dictionary(model, column_name, dictionary) %}
SELECT {{ column_name }} AS orphan, count() AS rows_with_it
FROM {{ model }}
WHERE NOT dictHas('{{ dictionary.schema }}.{{ dictionary.identifier }}', toUInt64({{ column_name }}))
GROUP BY {{ column_name }}

UNION ALL

SELECT 0 AS orphan, 0 AS rows_with_it
FROM {{ model }}
HAVING count() = 0
{% endtest %}
