{# What follows the expression where it has to lie within these bounds; a bound that is not given is left out, 0 is a bound. #}
{% macro _within(expression, min_value, max_value, strictly=false, of=none) -%}
{%- if min_value is none and max_value is none -%}
    {%- do exceptions.raise_compiler_error("A range needs min_value, max_value or both.") -%}
{%- endif -%}
{%- set from_here, up_to_here = ("> ", "< ") if strictly else (">= ", "<= ") -%}
{%- set bounds = [] -%}
{%- if min_value is not none -%}{%- do bounds.append(from_here ~ dbt_expectations._sql_value(min_value, of)) -%}{%- endif -%}
{%- if max_value is not none -%}{%- do bounds.append(up_to_here ~ dbt_expectations._sql_value(max_value, of)) -%}{%- endif -%}
{%- do return(bounds | join(" AND (" ~ expression ~ ") ")) -%}
{%- endmacro %}
