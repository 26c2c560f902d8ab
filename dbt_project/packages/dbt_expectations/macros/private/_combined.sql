{# Conditions joined by AND where match_on is `all`, by OR for anything else. #}
{% macro _combined(conditions, match_on) -%}
{%- if execute and not conditions -%}
    {%- do exceptions.raise_compiler_error("An empty list of patterns: nothing could be tested.") -%}
{%- endif -%}
{%- do return("(" ~ conditions | join(") AND (" if match_on == "all" else ") OR (") ~ ")") -%}
{%- endmacro %}
