{# Every ID of the dimension is in this dictionary, with its latest code. Fails on a dimension without rows. #}
{% test covers_dimension(model, latest, id) %}
SELECT {{ id }}, code
FROM {{ latest }}
WHERE dictGetOrDefault('{{ model.schema }}.{{ model.identifier }}', 'code', toUInt64({{ id }}), '') != code

UNION ALL

SELECT 0, 'nothing to scan'
FROM {{ latest }}
HAVING count() = 0
{% endtest %}
