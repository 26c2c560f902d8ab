{# Every row's ID is the ledger's ID of its key, and every ledger line is in the dimension unless its key was retired before it was ever built. #}
{% test ids_equal_ledger(model, domain, parent=none) %}
SELECT dim.code AS code, dim.{{ domain }}_id AS id_in_dimension, ledger.{{ domain }}_id AS id_in_ledger
FROM {{ model }} AS dim
LEFT JOIN ({{ ledger_of(domain, parent) }}) AS ledger
    ON ledger.code = dim.code {%- if parent %} AND ledger.{{ parent }}_id = dim.{{ parent }}_id {%- endif %}
WHERE dim.{{ domain }}_id != ledger.{{ domain }}_id
{% if env_var('TOUCHSTONE_MINT_IN_WAREHOUSE', 'false') | lower in ('true', '1') -%}
    -- Minted in this warehouse before the ledger has it: allowed where the setting allows it.
    AND ledger.{{ domain }}_id != 0
{%- endif %}

UNION ALL

SELECT 'nothing to scan', 0, 0
FROM {{ model }}
HAVING count() = 0
{% endtest %}
