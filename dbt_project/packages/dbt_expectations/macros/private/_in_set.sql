{#
    A condition that is true for members and false for all else, NULL included; a null in the set makes NULL a member. The literals of an IN are
    converted to the type of the expression, so that quoted members fit numbers, dates, enums and UUIDs.
#}
{% macro _in_set(expression, value_set, quote_values=true) -%}
{%- if execute and not value_set -%}
    {%- do exceptions.raise_compiler_error("An empty value_set: nothing could be a member of it.") -%}
{%- endif -%}
{%- set members = [] -%}
{%- for value in value_set or [] if value is not none -%}
    {%- do members.append(dbt_expectations._literal(value) if quote_values else dbt_expectations._sql_value(value, expression)) -%}
{%- endfor -%}
{%- set conditions = [] -%}
{%- if members -%}{%- do conditions.append("ifNull((" ~ expression ~ ") IN (" ~ members | unique(case_sensitive=true) | join(", ") ~ "), 0)") -%}{%- endif -%}
{%- if none in (value_set or []) -%}{%- do conditions.append("(" ~ expression ~ ") IS NULL") -%}{%- endif -%}
{%- do return("(" ~ conditions | join(" OR ") ~ ")") -%}
{%- endmacro %}
