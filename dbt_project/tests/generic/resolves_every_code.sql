{#
    Every spelling of the dimension, old ones and aliases included, gives its ID in this dictionary. Fails on a dimension without
    rows.
#}
{% test resolves_every_code(model, dimension, aliases, domain, key) %}
{%- set id = domain ~ '_id' %}
SELECT {{ id }}, code
FROM (
    SELECT {{ key | join(', ') }}, {{ id }} FROM {{ dimension }}
    UNION ALL
    SELECT {{ 'parent_id, ' if key | length > 1 }}code, id FROM {{ aliases }} WHERE domain = '{{ domain }}'
)
WHERE dictGetOrDefault('{{ model.schema }}.{{ model.identifier }}', '{{ id }}', ({{ key | join(', ') }},), toUInt32(0)) != {{ id }}

UNION ALL

SELECT 0, 'nothing to scan'
FROM {{ dimension }}
HAVING count() = 0
{% endtest %}
