{#
    Fails before anything is appended when an ID in the ledger is not the one the dimension has (an ID would move), or when
    the ledger lacks codes of the desk and the warehouse may not mint for them.
#}
{% macro assert_ledger_rules(domain, parent=none) %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set on_key = 'ledger.code = dim.code'
            ~ (' AND ledger.' ~ parent ~ '_id = dim.' ~ parent ~ '_id' if parent else '') -%}
        {%- set moved = run_query(
            'SELECT DISTINCT dim.code, dim.' ~ domain ~ '_id, ledger.' ~ domain ~ '_id FROM ' ~ this ~ ' AS dim'
            ~ ' INNER JOIN (' ~ ledger_of(domain, parent) ~ ') AS ledger ON ' ~ on_key
            ~ ' WHERE ledger.' ~ domain ~ '_id != dim.' ~ domain ~ '_id ORDER BY dim.code LIMIT 5'
        ).rows -%}
        {%- for row in moved -%}
            {%- do exceptions.raise_compiler_error(
                'seeds/lookup_ids.csv gives ' ~ domain ~ ' ' ~ row[0] ~ ' the ID ' ~ row[2] ~ ', but it has the ID ' ~ row[1]
                ~ ' in the warehouse. IDs never move: restore the line from the main branch.'
            ) -%}
        {%- endfor -%}
        {%- if env_var('TOUCHSTONE_MINT_IN_WAREHOUSE', 'false') | lower not in ('true', '1') -%}
            {%- set keys = run_query(
                'SELECT DISTINCT toString(' ~ domain ~ ') FROM ' ~ (ref('stg_sources') if domain == 'source' else ref('stg_lookups'))
                ~ ' WHERE (' ~ (parent ~ ', ' if parent else '') ~ domain ~ ') NOT IN'
                ~ ' (SELECT ' ~ ('parent_key, ' if parent else '') ~ 'key FROM ' ~ ref('lookup_ids')
                ~ " WHERE domain = '" ~ domain ~ "') ORDER BY 1 LIMIT 5"
            ).rows | map(attribute=0) | list -%}
            {%- if keys -%}
                {%- do exceptions.raise_compiler_error(
                    'seeds/lookup_ids.csv has no ID for ' ~ domain ~ ' ' ~ keys | join(', ')
                    ~ '. Run `touchstone lookups mint` and commit the new lines.'
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
