{# The name of a column without the quotes that `quote: true` puts around it. #}
{% macro _bare_name(column_name) -%}
{%- do return(column_name | replace('"', '') | replace('`', '')) -%}
{%- endmacro %}
