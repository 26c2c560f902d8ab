{#
    A number in a type whose sum cannot wrap around: whole numbers of up to 64 bits become Int128, all else stays as it is. The sum of UInt64 is
    UInt64, and so is the numerator of their average.
#}
{% macro _exact(expression) -%}
{%- do return("CAST(" ~ expression ~ ", if(match(toTypeName(" ~ expression ~ "), '^(LowCardinality[(]|Nullable[(])*(U?Int(8|16|32|64)|Bool)'), "
    ~ "'Nullable(Int128)', toTypeName(" ~ expression ~ ")))") -%}
{%- endmacro %}
