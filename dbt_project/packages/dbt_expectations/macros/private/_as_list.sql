{# A list of one for a text, none for nothing: `group_by: day` means `group_by: [day]`. #}
{% macro _as_list(value) -%}
{%- do return([value] if value and value is string else (value or []) | list) -%}
{%- endmacro %}
