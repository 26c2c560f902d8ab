{#
    Rows of one batch that speak of the same event and give it different values. The later row of the file counts; a warning, as it is the
    vendor who knows. Fails on a relation without rows.
#}
{% test versions_do_not_contradict(model, columns, measures) %}
SELECT batch_id, {{ columns | join(', ') }}, count() AS rows_with_it
FROM {{ model }}
GROUP BY batch_id, {{ columns | join(', ') }}
HAVING uniqExact(cityHash64(
    {%- for measure in measures -%} isNull({{ measure }}), ifNull(toString({{ measure }}), ''){{ ', ' if not loop.last }} {%- endfor -%}
)) > 1

UNION ALL

SELECT 0, {% for column in columns -%} defaultValueOfArgumentType(any({{ column }})), {% endfor -%} 0
FROM {{ model }}
HAVING count() = 0
{% endtest %}
