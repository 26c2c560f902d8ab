{#
    A CTE `name` with one row per spelling that has an ID: domain, parent_id, code, id, is_ledger, is_alias.

    A spelling with a line in the ledger has that line's ID, for ever. A key without line that an alias with a line
    points to was renamed: it has that ID (the desk's check refuses two such aliases of one key). An alias without line is a synonym: it has the ID of its key.

    Arguments: names of CTEs with (domain, parent_id, code, id) and (domain, parent_id, alias, code).
#}
{% macro spellings(name, ledger, aliases) %}
{{ name }}_named AS (
    SELECT * FROM {{ ledger }}
    WHERE (domain, parent_id, code) IN (
        SELECT domain, parent_id, alias FROM {{ aliases }}
        UNION ALL
        SELECT domain, parent_id, code FROM {{ aliases }}
    )
),

{{ name }}_targets AS (
    SELECT
        aliases.domain AS domain,
        aliases.parent_id AS parent_id,
        aliases.code AS code,
        max(own.id) AS own_id,
        if(own_id != 0, own_id, minIf(old.id, old.id != 0)) AS id
    FROM {{ aliases }} AS aliases
    LEFT JOIN {{ name }}_named AS own
        ON own.domain = aliases.domain AND own.parent_id = aliases.parent_id AND own.code = aliases.code
    LEFT JOIN {{ name }}_named AS old
        ON old.domain = aliases.domain AND old.parent_id = aliases.parent_id AND old.code = aliases.alias
    GROUP BY domain, parent_id, code
),

{{ name }}_synonyms AS (
    SELECT
        aliases.domain AS domain,
        aliases.parent_id AS parent_id,
        aliases.alias AS code,
        targets.id AS id
    FROM {{ aliases }} AS aliases
    INNER JOIN {{ name }}_targets AS targets
        ON targets.domain = aliases.domain AND targets.parent_id = aliases.parent_id AND targets.code = aliases.code
    LEFT JOIN {{ name }}_named AS old
        ON old.domain = aliases.domain AND old.parent_id = aliases.parent_id AND old.code = aliases.alias
    WHERE old.id = 0 AND targets.id != 0
),

{{ name }} AS (
    SELECT
        domain,
        parent_id,
        code,
        id,
        true AS is_ledger,
        (domain, parent_id, code) IN (SELECT domain, parent_id, alias FROM {{ aliases }}) AS is_alias
    FROM {{ ledger }}
    UNION ALL
    SELECT domain, parent_id, code, id, false AS is_ledger, false AS is_alias
    FROM {{ name }}_targets
    WHERE own_id = 0 AND id != 0
    UNION ALL
    SELECT domain, parent_id, code, id, false AS is_ledger, true AS is_alias
    FROM {{ name }}_synonyms
)
{%- endmacro %}
