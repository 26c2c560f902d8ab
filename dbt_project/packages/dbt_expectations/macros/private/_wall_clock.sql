{# A date or time without its zone, in a type wide enough for any: Date32 for days and longer parts, the wall clock as DateTime64 for shorter ones. #}
{% macro _wall_clock(date_part, expression) -%}
{%- if date_part in ("hour", "minute", "second") -%}
    {%- set moment = "toDateTime64(" ~ expression ~ ", 0)" -%}
    {%- do return("(toDateTime64(toDate32(" ~ expression ~ "), 0, 'UTC') + toHour(" ~ moment ~ ") * 3600 + toMinute(" ~ moment ~ ") * 60 + toSecond("
        ~ moment ~ "))") -%}
{%- endif -%}
{%- do return("toDate32(" ~ expression ~ ")") -%}
{%- endmacro %}
