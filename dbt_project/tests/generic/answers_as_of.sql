{# At the begin of every version this dictionary answers with that version. Fails on a domain without versions. #}
{% test answers_as_of(model, ranges, id) %}
SELECT {{ id }}, version
FROM {{ ranges }}
-- a version that was replaced within its own microsecond never held
WHERE valid_from <= valid_to
    AND dictGetOrDefault('{{ model.schema }}.{{ model.identifier }}', 'version', toUInt64({{ id }}), valid_from, toUInt32(0)) != version

UNION ALL

SELECT 0, 0
FROM {{ ranges }}
HAVING count() = 0
{% endtest %}
