{#
    The one rule by which dimension rows come to be.

    Reads the CTE `staged` (columns: code, the attributes, and parent_id where the domain has a parent) and gives the
    rows to append: a first version for a new code, a next version for a changed attribute, a return or a retirement.
    Nothing to say is no row, so running it again appends nothing.

    ID of a code = the ID it has, else its ledger line, else the highest ID ever used + row_number() over the new codes in
    `mint_order`. The last step is the policy `warehouse`; under the policy `ledger` it needs TOUCHSTONE_MINT_IN_WAREHOUSE.

    Arguments:
        domain: name of the domain; the ID column is <domain>_id
        attributes: columns whose change makes a new version
        parent: domain within which a code is unique, if any
        policy: 'ledger' (IDs come from the reviewed ledger) or 'warehouse' (IDs are minted here)
        mint_order: columns of `staged` in whose order new codes get IDs; the key unless said otherwise
        retires: whether a code that is staged no longer is retired
#}
{% macro new_versions(domain, attributes=[], parent=none, policy='ledger', mint_order=none, retires=true) %}
{%- set id = domain ~ '_id' -%}
{%- set key = [parent ~ '_id', 'code'] if parent else ['code'] -%}
{%- set key_csv = key | join(', ') -%}
{%- set mint_order = mint_order or key -%}
{%- if policy == 'ledger' -%}
    {%- do assert_ledger_rules(domain, parent) -%}
{%- endif -%}
known AS (
    SELECT {{ id }}, {{ key_csv }}{% for name in attributes %}, {{ name }}{% endfor %}, is_active, version
    FROM {{ this }}
    ORDER BY version DESC
    LIMIT 1 BY {{ id }}
),

ledger AS (
    {%- if policy == 'ledger' %}
    {{ ledger_of(domain, parent) }}
    {%- else %}
    SELECT {{ key_csv }}, {{ id }} FROM known WHERE 0
    {%- endif %}
),

identified AS (
    SELECT
        {%- for name in (key + attributes + mint_order) | unique %}
        staged.{{ name }} AS {{ name }},
        {%- endfor %}
        if(known.{{ id }} != 0, known.{{ id }}, ledger.{{ id }}) AS given_id
    FROM staged
    LEFT JOIN known ON {% for name in key %}known.{{ name }} = staged.{{ name }}{{ ' AND ' if not loop.last }}{% endfor %}
    LEFT JOIN ledger ON {% for name in key %}ledger.{{ name }} = staged.{{ name }}{{ ' AND ' if not loop.last }}{% endfor %}
),

assigned AS (
    SELECT
        {%- for name in key + attributes %}
        {{ name }},
        {%- endfor %}
        toUInt32(if(
            given_id != 0,
            given_id,
            greatest((SELECT max({{ id }}) FROM known), (SELECT max({{ id }}) FROM ledger))
            + row_number() OVER (PARTITION BY given_id = 0 ORDER BY {{ mint_order | join(', ') }})
        )) AS {{ id }}
    FROM identified
),

appended AS (
    SELECT
        assigned.{{ id }} AS {{ id }},
        {%- for name in key + attributes %}
        assigned.{{ name }} AS {{ name }},
        {%- endfor %}
        true AS is_active,
        known.version + 1 AS version
    FROM assigned
    LEFT JOIN known ON known.{{ id }} = assigned.{{ id }}
    WHERE known.version = 0
        OR NOT known.is_active
        {%- for name in attributes %}
        OR assigned.{{ name }} != known.{{ name }}
        {%- endfor %}
    {%- if retires %}

    UNION ALL

    SELECT
        known.{{ id }} AS {{ id }},
        {%- for name in key + attributes %}
        known.{{ name }} AS {{ name }},
        {%- endfor %}
        false AS is_active,
        known.version + 1 AS version
    FROM known
    -- qualified, because ClickHouse would take the bare name for the alias above
    WHERE known.is_active
        AND known.{{ id }} NOT IN (SELECT assigned.{{ id }} FROM assigned)
        -- an empty desk is an accident, not the retirement of everything
        AND (SELECT count() FROM staged) > 0
    {%- endif %}
)

SELECT
    {{ id }},
    {%- for name in key + attributes %}
    {{ name }},
    {%- endfor %}
    is_active,
    toUInt32(version) AS version,
    now64(6, 'UTC') AS valid_from,
    now64(6, 'UTC') AS recorded_at,
    toUInt64(0) AS batch_id
FROM appended
ORDER BY {{ id }}
{% endmacro %}


{# The ledger's lines of one domain, with the parent's code turned into the parent's ID. #}
{% macro ledger_of(domain, parent=none) -%}
    {%- if parent -%}
    SELECT parent.id AS {{ parent }}_id, child.key AS code, child.id AS {{ domain }}_id
    FROM {{ ref('lookup_ids') }} AS child
    INNER JOIN {{ ref('lookup_ids') }} AS parent ON parent.domain = '{{ parent }}' AND parent.key = child.parent_key
    WHERE child.domain = '{{ domain }}'
    {%- else -%}
    SELECT key AS code, id AS {{ domain }}_id
    FROM {{ ref('lookup_ids') }}
    WHERE domain = '{{ domain }}'
    {%- endif -%}
{%- endmacro %}
