{# The dimension is what its last append left. Fails when nothing was noted of a dimension that has rows. #}
{% test frozen(model, columns) %}
SELECT fault FROM ({{ identity_faults(model, columns) }})

UNION ALL

SELECT 'nothing was noted of this dimension' AS fault
FROM (SELECT count() AS rows FROM {{ model }}) AS live
WHERE live.rows = 0
    OR (SELECT count() FROM {{ model.schema }}.ops_identity WHERE dimension = '{{ model.identifier }}') = 0
{% endtest %}
