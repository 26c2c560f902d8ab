{#
    Every constraint that the YAML declares must be part of the live table: a check with the same expression, and for each foreign key
    a check that the dictionary of its dimension holds the ID.
#}
{% macro assert_constraints_are_in_force(relation) %}
    {%- set clauses = [] -%}
    {%- for constraint in model.get('constraints', []) -%}
        {%- do clauses.append(
            "CONSTRAINT " ~ constraint.name ~ " CHECK " ~ constraint.expression | replace('<database>', relation.schema)
        ) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.get('constraints') or [] if constraint.type == 'foreign_key' -%}
            {%- set domain = modules.re.search('dim_(\\w+)', constraint.to | string).group(1) -%}
            {%- do clauses.append("dictHas('" ~ relation.schema ~ ".dict_" ~ domain ~ "', toUInt64(" ~ column.name ~ "))") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if clauses -%}
        {%- set ddl = run_query(
            "SELECT create_table_query FROM system.tables WHERE database = '" ~ relation.schema
            ~ "' AND name = '" ~ relation.identifier ~ "'"
        ).rows[0][0] -%}
        {%- for clause in clauses if clause not in ddl -%}
            {%- do exceptions.raise_compiler_error(
                relation ~ " lacks the constraint `" ~ clause ~ "`. Run `touchstone migrate`; "
                ~ "if that changes nothing, `touchstone migrate --check` shows what was altered by hand."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
