{# A list of tuples of texts and numbers as a ClickHouse array. #}
{% macro tuples_in_sql(rows) -%}
    [
    {%- for row in rows -%}
        (
        {%- for value in row -%}
            {{ "'" ~ value | replace("\\", "\\\\") | replace("'", "\\'") ~ "'" if value is string else value }}{{ ', ' if not loop.last }}
        {%- endfor -%}
        ){{ ', ' if not loop.last }}
    {%- endfor -%}
    ]
{%- endmacro %}
