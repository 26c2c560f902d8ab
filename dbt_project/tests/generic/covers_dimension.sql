{# Every ID of the dimension is in this dictionary, with its code. Fails on a dimension without rows. #}
{% test covers_dimension(model, dimension, id) %}
SELECT {{ id }}, code
FROM {{ dimension }}
WHERE dictGetOrDefault('{{ model.schema }}.{{ model.identifier }}', 'code', toUInt64({{ id }}), '') != code

UNION ALL

SELECT 0, 'nothing to scan'
FROM {{ dimension }}
HAVING count() = 0
{% endtest %}
