{# Every code of the dimension gives its ID in this dictionary. Fails on a dimension without rows. #}
{% test resolves_every_code(model, dimension, id, key) %}
SELECT {{ id }}, code
FROM {{ dimension }}
WHERE dictGetOrDefault('{{ model.schema }}.{{ model.identifier }}', '{{ id }}', ({{ key | join(', ') }},), toUInt32(0)) != {{ id }}

UNION ALL

SELECT 0, 'nothing to scan'
FROM {{ dimension }}
HAVING count() = 0
{% endtest %}
