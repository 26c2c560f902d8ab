{#
    The dimension and the ledger hold the same: every line of the ledger is an ID of the dimension, every ID of the dimension is
    a line of the ledger, every spelling has the ID that the ledger gives it, and the checksums of the IDs are equal.
    Fails on a dimension without rows.
#}
{% test ids_equal_ledger(model, domain, parent=none) %}
{%- set id = domain ~ '_id' -%}
{%- set key = (parent ~ '_id, ' if parent else '') ~ 'code' %}
WITH ledger AS (
    {{ codes_of_ledger(domain, parent) }}
),

lines AS (
    SELECT {{ id }} FROM ledger WHERE is_ledger
),

ids AS (
    SELECT DISTINCT {{ id }} FROM {{ model }}
    {%- if may_mint_in_warehouse() %}
    -- Minted in this warehouse before the ledger has it: allowed where the setting allows it.
    WHERE {{ id }} IN (SELECT {{ id }} FROM lines)
    {%- endif %}
)

SELECT 'ID of the ledger that is not in the dimension' AS fault, toString({{ id }}) AS culprit
FROM lines
WHERE {{ id }} NOT IN (SELECT {{ id }} FROM ids)

UNION ALL

SELECT 'ID of the dimension that is not in the ledger' AS fault, toString({{ id }}) AS culprit
FROM ids
WHERE {{ id }} NOT IN (SELECT {{ id }} FROM lines)

UNION ALL

SELECT 'spelling with another ID than the ledger gives it' AS fault, dim.code AS culprit
FROM {{ model }} AS dim
INNER JOIN ledger USING ({{ key }})
WHERE dim.{{ id }} != ledger.{{ id }}

UNION ALL

SELECT 'checksum of the dimension that is not the ledger''s' AS fault, toString(dim.checksum) AS culprit
FROM (SELECT sum(cityHash64({{ id }})) AS checksum FROM ids) AS dim
CROSS JOIN (SELECT sum(cityHash64({{ id }})) AS checksum FROM lines) AS ledger
WHERE dim.checksum != ledger.checksum

UNION ALL

SELECT 'nothing to scan' AS fault, '' AS culprit
FROM {{ model }}
HAVING count() = 0
{% endtest %}
