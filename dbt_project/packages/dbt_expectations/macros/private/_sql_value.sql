{#
    A bound or a pair's side as SQL. What looks like a date or a time gets its quotes: 2099-01-01 would be 2097. A decimal fraction beside `of`,
    an expression without aggregates, takes its type if that is Float32: toFloat32(0.1) is more than 0.1. Anything else is the text in parentheses.
#}
{% macro _sql_value(value, of=none) -%}
{%- set text = value | string | trim -%}
{%- if modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?$', text) -%}
    {%- do return("'" ~ text | replace('T', ' ') ~ "'") -%}
{%- elif of and modules.re.match('^-?[0-9]*[.][0-9]+$', text) -%}
    {%- do return("CAST(" ~ text ~ ", if(toTypeName(" ~ of ~ ") LIKE '%Float32%', 'Float32', 'Float64'))") -%}
{%- endif -%}
{%- do return("(" ~ text ~ ")") -%}
{%- endmacro %}
