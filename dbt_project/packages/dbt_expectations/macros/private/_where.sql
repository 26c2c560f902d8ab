{# The condition in parentheses, as it may contain `or`; nothing without one. #}
{% macro _where(row_condition) -%}
{%- if row_condition -%} WHERE ({{ row_condition }}) {%- endif -%}
{%- endmacro %}
