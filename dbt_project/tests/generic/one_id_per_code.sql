{#
    Over all versions a key stands for one ID. Where codes are never renamed, an ID stands for one key, too. Fails on a dimension
    without rows.
#}
{% test one_id_per_code(model, id, key, may_be_renamed=false) %}
SELECT 'key with more than one ID' AS fault, any(code) AS culprit
FROM {{ model }}
GROUP BY {{ key | join(', ') }}
HAVING uniqExact({{ id }}) > 1
{% if not may_be_renamed %}
UNION ALL

SELECT 'ID with more than one key' AS fault, toString({{ id }}) AS culprit
FROM {{ model }}
GROUP BY {{ id }}
HAVING uniqExact(({{ key | join(', ') }})) > 1
{% endif %}
UNION ALL

SELECT 'nothing to scan' AS fault, '' AS culprit
FROM {{ model }}
HAVING count() = 0
{% endtest %}
