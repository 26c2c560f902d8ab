{# No row has an array without elements here. #}
{% test not_empty(model, column_name) %}
SELECT *
FROM {{ model }}
WHERE empty({{ column_name }})
{% endtest %}
