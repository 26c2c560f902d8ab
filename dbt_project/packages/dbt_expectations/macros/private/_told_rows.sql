{# Rows that were found while compiling, as SQL; none where there are none. #}
{% macro _told_rows(columns, rows) -%}
{%- if not rows -%}
SELECT {% for column in columns %}'' AS {{ column }}{{ ", " if not loop.last }}{% endfor %} WHERE false
{%- endif -%}
{%- for row in rows -%}
SELECT {% for column in columns %}{{ dbt_expectations._literal(row[loop.index0]) }} AS {{ column }}{{ ", " if not loop.last }}{% endfor %}
{{ "UNION ALL" if not loop.last }}
{% endfor -%}
{%- endmacro %}
