{#
    The rows to append to a dimension whose IDs are minted here, because its codes arrive in feeds. Nothing to say is no row.

    Reads the CTE `staged` (columns: code, the attributes, and those of mint_order). A code keeps the ID it has; a new one gets
    the highest ID ever used + row_number() in `mint_order`. The materialization sees to it that only one writer does this.

    Arguments:
        domain: name of the domain; the ID column is <domain>_id
        staging: relation that `staged` reads
        attributes: columns whose change makes a new version
        mint_order: columns of `staged` in whose order new codes get IDs
        retires: whether a code that is staged no longer is retired
#}
{% macro minted_versions(domain, staging, attributes=[], mint_order=['code'], retires=true) %}
{%- set id = domain ~ '_id' -%}
{%- set values = ['code'] + attributes -%}
known AS (
    SELECT {{ id }}, {{ values | join(', ') }}, is_active, version
    FROM {{ this }}
    ORDER BY {{ id }} DESC, version DESC
    LIMIT 1 BY {{ id }}
),

changed AS (
    SELECT
        {%- for name in (values + mint_order) | unique %}
        staged.{{ name }} AS {{ name }},
        {%- endfor %}
        known.{{ id }} AS known_id,
        known.version AS known_version
    FROM staged
    LEFT JOIN known USING (code)
    WHERE known.version = 0
        OR NOT known.is_active
        {%- for name in attributes %}
        OR staged.{{ name }} != known.{{ name }}
        {%- endfor %}
),

appended AS (
    SELECT
        toUInt32(if(
            known_id != 0,
            known_id,
            (SELECT max({{ id }}) FROM {{ this }})
            + row_number() OVER (ORDER BY known_id != 0, {{ mint_order | join(', ') }})
        )) AS {{ id }},
        {{ values | join(', ') }},
        true AS is_active,
        toUInt32(known_version + 1) AS version
    FROM changed
    {%- if retires %}

    UNION ALL

    SELECT
        known.{{ id }} AS {{ id }},
        {%- for name in values %}
        known.{{ name }} AS {{ name }},
        {%- endfor %}
        false AS is_active,
        toUInt32(known.version + 1) AS version
    FROM known
    -- qualified, because ClickHouse would take the bare name for the alias above
    WHERE known.is_active
        AND known.code NOT IN (SELECT staged.code FROM staged)
        -- an empty feed is an accident, not the retirement of everything
        AND (SELECT count() FROM (SELECT 1 FROM {{ staging }} LIMIT 1)) > 0
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
