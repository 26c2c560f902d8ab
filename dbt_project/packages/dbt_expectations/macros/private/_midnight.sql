{# A day in the type that _wall_clock gives for this part. #}
{% macro _midnight(date_part, day) -%}
{%- do return("toDateTime64(" ~ day ~ ", 0, 'UTC')" if date_part in ("hour", "minute", "second") else day) -%}
{%- endmacro %}
