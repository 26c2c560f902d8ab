{# Over all versions an ID stands for one key and a key for one ID. Fails on a dimension without rows. #}
{% test one_id_per_code(model, id, key) %}
SELECT 'ID with more than one key' AS fault, toString({{ id }}) AS culprit
FROM {{ model }}
GROUP BY {{ id }}
HAVING uniqExact(({{ key | join(', ') }})) > 1

UNION ALL

SELECT 'key with more than one ID' AS fault, any(code) AS culprit
FROM {{ model }}
GROUP BY {{ key | join(', ') }}
HAVING uniqExact({{ id }}) > 1

UNION ALL

SELECT 'nothing to scan' AS fault, '' AS culprit
FROM {{ model }}
HAVING count() = 0
{% endtest %}
