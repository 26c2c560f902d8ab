{# Names and types of the live columns must be those of the YAML, no more and no fewer. #}
{% macro assert_columns_are_as_declared(relation) %}
    {%- set live = {} -%}
    {%- for row in run_query(
        "SELECT name, type FROM system.columns WHERE database = '" ~ relation.schema
        ~ "' AND table = '" ~ relation.identifier ~ "'"
    ).rows -%}
        {%- do live.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- if not live -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " does not exist. Run `touchstone migrate`, then this command again."
        ) -%}
    {%- endif -%}
    {%- set faults = [] -%}
    {%- for column in model.columns.values() if live.get(column.name) != column.data_type -%}
        {%- do faults.append(column.name ~ ": declared " ~ column.data_type ~ ", live " ~ live.get(column.name, 'missing')) -%}
    {%- endfor -%}
    {%- for name in live if name not in model.columns -%}
        {%- do faults.append(name ~ ": not declared, live " ~ live[name]) -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " is not what " ~ model.original_file_path ~ "'s YAML says: " ~ faults | join('; ')
            ~ ". Bring the YAML in line with migrations/, or write a migration."
        ) -%}
    {%- endif -%}
{% endmacro %}
