{# A value without LowCardinality, which ClickHouse allows in expressions of any type, and in a table of stored failures only around texts. #}
{% macro _storable(value) -%}
{%- do return("CAST(" ~ value ~ ", replaceRegexpOne(toTypeName(" ~ value ~ "), '^LowCardinality[(](.*)[)]$', '\\\\1'))") -%}
{%- endmacro %}
