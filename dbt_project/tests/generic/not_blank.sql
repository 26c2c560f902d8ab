{# No row has only blanks here. #}
{% test not_blank(model, column_name) %}
SELECT {{ column_name }} AS blank
FROM {{ model }}
WHERE trimBoth({{ column_name }}) = ''
{% endtest %}
