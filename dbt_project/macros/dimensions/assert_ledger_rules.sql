{#
    Fails before anything is appended when a spelling has another ID in the dimension than in the ledger (an ID would move), or
    when the ledger lacks codes of the desk and the warehouse may not mint for them.
#}
{% macro assert_ledger_rules(domain, staging, parent=none) %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set id = domain ~ '_id' -%}
        {%- set key = (parent ~ '_id, ' if parent else '') ~ 'code' -%}
        {%- set moved = run_query(
            'SELECT DISTINCT dim.code, dim.' ~ id ~ ', ledger.' ~ id ~ ' FROM ' ~ this ~ ' AS dim'
            ~ ' INNER JOIN (' ~ codes_of_ledger(domain, parent) ~ ') AS ledger USING (' ~ key ~ ')'
            ~ ' WHERE ledger.' ~ id ~ ' != dim.' ~ id ~ ' ORDER BY dim.code LIMIT 5'
        ).rows -%}
        {%- for row in moved -%}
            {%- do exceptions.raise_compiler_error(
                'seeds/lookup_ids.csv gives ' ~ domain ~ ' ' ~ row[0] ~ ' the ID ' ~ row[2] ~ ', but it has the ID ' ~ row[1]
                ~ ' in the warehouse. IDs never move: restore the line from the main branch.'
            ) -%}
        {%- endfor -%}
        {%- if not may_mint_in_warehouse() -%}
            {%- set keys = run_query(
                'SELECT code FROM (' ~ staged_codes(domain, staging, parent) ~ ') WHERE (' ~ key ~ ') NOT IN (SELECT ' ~ key
                ~ ' FROM (' ~ codes_of_ledger(domain, parent) ~ ')) ORDER BY code LIMIT 5'
            ).rows | map(attribute=0) | list -%}
            {%- if keys -%}
                {%- do exceptions.raise_compiler_error(
                    'The ledger in the warehouse has no ID for ' ~ domain ~ ' ' ~ keys | join(', ')
                    ~ '. Run `touchstone lookups mint`, commit the new lines of seeds/lookup_ids.csv, and load them:'
                    ~ ' `touchstone build` and `touchstone run` do.'
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# The codes of a staging model; a child's with the parent's ID. The staging column of a domain's code has the domain's name. #}
{% macro staged_codes(domain, staging, parent=none) -%}
    {%- if parent -%}
    SELECT DISTINCT parents.{{ parent }}_id AS {{ parent }}_id, staging.{{ domain }} AS code
    FROM {{ staging }} AS staging
    INNER JOIN ({{ ids_of(parent) }}) AS parents ON parents.code = staging.{{ parent }}
    WHERE code != ''
    {%- else -%}
    SELECT DISTINCT {{ domain }} AS code FROM {{ staging }} WHERE code != ''
    {%- endif -%}
{%- endmacro %}
