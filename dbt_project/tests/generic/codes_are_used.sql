{#
    Coverage: of the codes of a domain that are listed now, the share that some fact uses. A share of 0 is a dimension that is never
    referenced, and is always told; a higher one where `at_least` asks for it. One scan for all domains. Single codes never used are what
    analyses/validation/codes_never_used.sql lists. Fails on a fact without rows.
#}
{% test codes_are_used(model, codes, at_least={}) %}
WITH used AS (
    SELECT
        {%- for code in codes %}
        groupBitmapState(toUInt32({{ code.column }})) AS used_{{ code.column }},
        {%- endfor %}
        count() AS rows_scanned
    FROM {{ model }}
)

{%- for code in codes %}

SELECT '{{ code.column }}' AS key, count() AS listed, countIf(is_used) AS used, used / listed AS share_used
FROM (
    SELECT bitmapContains((SELECT used_{{ code.column }} FROM used), toUInt32({{ code.domain }}_id)) AS is_used
    FROM dictionary('{{ target.schema }}.dict_{{ code.domain }}')
    WHERE is_active
)
HAVING used = 0 OR share_used < {{ at_least.get(code.domain, 0) }}

UNION ALL
{%- endfor %}

SELECT 'nothing to scan', 0, 0, 0 FROM used WHERE rows_scanned = 0
{% endtest %}
