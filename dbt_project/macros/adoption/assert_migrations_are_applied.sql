{# Fails the whole dbt run at once when an object that migrations own is missing, with the command that makes it. #}
{% macro assert_migrations_are_applied() %}
    {%- if execute and flags.WHICH in ('run', 'build', 'test', 'seed') -%}
        {%- set owned = [] -%}
        {%- for node in graph.nodes.values() if node.config.get('meta', {}).get('owner') == 'migrations' -%}
            {%- do owned.append(node.alias) -%}
        {%- endfor -%}
        {%- for source in graph.sources.values() if source.meta.get('owner') == 'migrations' -%}
            {%- do owned.append(source.identifier) -%}
        {%- endfor -%}
        {%- set present = run_query(
            "SELECT name FROM system.tables WHERE database = '" ~ target.schema ~ "'"
        ).rows | map(attribute=0) | list -%}
        {%- set missing = owned | unique | reject('in', present) | sort -%}
        {%- if missing -%}
            {%- do exceptions.raise_compiler_error(
                "The database " ~ target.schema ~ " lacks " ~ missing | length
                ~ " object(s) that migrations own (" ~ missing[:3] | join(', ') ~ (', ...' if missing | length > 3 else '')
                ~ "). Run `touchstone migrate`, then this command again."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
