{# Every constraint that the YAML declares must be part of the live table, with the same expression. #}
{% macro assert_constraints_are_in_force(relation) %}
    {%- set declared = model.get('constraints', []) -%}
    {%- if declared -%}
        {%- set ddl = run_query(
            "SELECT create_table_query FROM system.tables WHERE database = '" ~ relation.schema
            ~ "' AND name = '" ~ relation.identifier ~ "'"
        ).rows[0][0] -%}
        {%- for constraint in declared -%}
            {%- set clause = "CONSTRAINT " ~ constraint.name ~ " CHECK "
                ~ (constraint.expression | replace('<database>', relation.schema)) -%}
            {%- if clause not in ddl -%}
                {%- do exceptions.raise_compiler_error(
                    relation ~ " lacks the constraint `" ~ clause ~ "`. Run `touchstone migrate`; "
                    ~ "if that changes nothing, `touchstone migrate --check` shows what was altered by hand."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
