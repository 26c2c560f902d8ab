{# Warns of regex flags that are not made of these letters and single dashes before one. #}
{% macro _validate_flags(flags, alphabet) -%}
{%- if flags and not modules.re.match('^(-?[' ~ alphabet ~ '])+$', flags) -%}
    {%- do exceptions.warn("Regex flags '" ~ flags ~ "': use letters of " ~ alphabet ~ ", a dash before one turns it off.") -%}
{%- endif -%}
{%- endmacro %}
