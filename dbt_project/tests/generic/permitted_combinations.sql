{#
    Facts whose combination of IDs no lookup file permits now: retired since, or let in because the feed's rule says `warn`. Fails
    on a fact table without rows.
#}
{% test permitted_combinations(model, dictionary, columns) %}
SELECT {{ columns | join(', ') }}, count() AS rows_with_it
FROM {{ model }}
WHERE NOT dictHas('{{ dictionary.schema }}.{{ dictionary.identifier }}', ({{ columns | join(', ') }}))
GROUP BY {{ columns | join(', ') }}

UNION ALL

SELECT {% for column in columns %}0, {% endfor %}0
FROM {{ model }}
HAVING count() = 0
{% endtest %}
