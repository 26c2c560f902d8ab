{# Whether a value is like a pattern, or is not. #}
{% macro _get_like_pattern_expression(column_name, like_pattern, positive) -%}
{%- do return("toString(" ~ column_name ~ ")" ~ (" LIKE " if positive else " NOT LIKE ") ~ dbt_expectations._literal(like_pattern)) -%}
{%- endmacro %}
