{#
    The rows to append to a dimension whose IDs come from the reviewed ledger. Nothing to say is no row, so that running it
    again appends nothing.

    Reads the CTE `staged` (columns: code, the attributes, and <parent>_id where the domain has a parent). An ID gets a first
    version when the ledger has it, be its code listed or retired; then a next one for a changed attribute or spelling, a
    retirement and a return.

    Only where TOUCHSTONE_MINT_IN_WAREHOUSE allows it (development), a code without line in the ledger gets the next ID here.

    Arguments:
        domain: name of the domain; the ID column is <domain>_id
        staging: relation that `staged` reads
        attributes: columns whose change makes a new version
        parent: domain within which a code is unique, if any
        retires: whether a code that is staged no longer is retired
#}
{% macro ledger_versions(domain, staging, attributes=[], parent=none, retires=true) %}
{%- set id = domain ~ '_id' -%}
{%- set key = [parent ~ '_id', 'code'] if parent else ['code'] -%}
{%- set values = key + attributes -%}
{%- set may_mint = may_mint_in_warehouse() -%}
{%- do assert_ledger_rules(domain, staging, parent) -%}
codes AS (
    {{ codes_of_ledger(domain, parent) }}
    {%- if may_mint %}

    UNION ALL

    SELECT {{ key | join(', ') }}, {{ id }}, false AS is_ledger
    FROM (SELECT DISTINCT {{ key | join(', ') }}, {{ id }} FROM {{ this }})
    WHERE ({{ key | join(', ') }}) NOT IN (SELECT {{ key | join(', ') }} FROM ({{ codes_of_ledger(domain, parent) }}))

    UNION ALL

    SELECT
        {{ key | join(', ') }},
        toUInt32(
            greatest(
                (SELECT max({{ id }}) FROM {{ this }}), (SELECT max({{ id }}) FROM ({{ codes_of_ledger(domain, parent) }}))
            ) + row_number() OVER (ORDER BY {{ key | join(', ') }})
        ) AS {{ id }},
        false AS is_ledger
    FROM staged
    WHERE ({{ key | join(', ') }}) NOT IN (SELECT {{ key | join(', ') }} FROM ({{ codes_of_ledger(domain, parent) }}))
        AND ({{ key | join(', ') }}) NOT IN (SELECT {{ key | join(', ') }} FROM {{ this }})
    {%- endif %}
),

-- One row per ID: under its listed spelling if it has one, else as the ledger spells it.
listed AS (
    SELECT
        codes.{{ id }} AS {{ id }},
        {%- for name in key %}
        codes.{{ name }} AS {{ name }},
        {%- endfor %}
        {%- for name in attributes %}
        staged.{{ name }} AS {{ name }},
        {%- endfor %}
        staged.is_staged AS is_active
    FROM codes
    LEFT JOIN (SELECT *, true AS is_staged FROM staged) AS staged USING ({{ key | join(', ') }})
    ORDER BY {{ id }}, is_active DESC, codes.is_ledger DESC
    LIMIT 1 BY {{ id }}
),

known AS (
    SELECT {{ id }}, {{ values | join(', ') }}, is_active, version
    FROM {{ this }}
    ORDER BY {{ id }} DESC, version DESC
    LIMIT 1 BY {{ id }}
),

appended AS (
    SELECT
        listed.{{ id }} AS {{ id }},
        {%- for name in values %}
        if(listed.is_active OR known.version = 0, listed.{{ name }}, known.{{ name }}) AS {{ name }},
        {%- endfor %}
        listed.is_active AS is_active,
        toUInt32(known.version + 1) AS version
    FROM listed
    LEFT JOIN known USING ({{ id }})
    WHERE known.version = 0
        OR (
            listed.is_active
            AND (
                NOT known.is_active
                {%- for name in values %}
                OR listed.{{ name }} != known.{{ name }}
                {%- endfor %}
            )
        )
        {%- if retires %}
        -- an empty desk is an accident, not the retirement of everything
        OR (NOT listed.is_active AND known.is_active AND (SELECT count() FROM (SELECT 1 FROM {{ staging }} LIMIT 1)) > 0)
        {%- endif %}
)

SELECT
    {{ id }},
    {%- for name in values %}
    {{ name }},
    {%- endfor %}
    is_active,
    version,
    {{ log_columns() }}
FROM appended
{% endmacro %}


{# Every spelling of the domain that has an ID, ledger and aliases together. #}
{% macro codes_of_ledger(domain, parent=none) -%}
    SELECT {{ 'parent_id AS ' ~ parent ~ '_id, ' if parent }}code, id AS {{ domain }}_id, is_ledger
    FROM {{ ref('stg_lookup_codes') }}
    WHERE domain = '{{ domain }}'
{%- endmacro %}


{# Whether dimensions of the ledger may mint by themselves. #}
{% macro may_mint_in_warehouse() -%}
    {{ return(execute and env_var('TOUCHSTONE_MINT_IN_WAREHOUSE', 'false') | lower in ('true', '1')) }}
{%- endmacro %}
