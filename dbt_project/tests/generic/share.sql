{# A share: above 0 and at most 1. #}
{% test share(model, column_name) %}
SELECT *
FROM {{ model }}
WHERE NOT ({{ column_name }} > 0 AND {{ column_name }} <= 1)
{% endtest %}
