{#
    A text as a literal that means exactly this text: backslashes and quotes are escaped. A doubled quote is one quote: that is how YAML for the
    upstream package has to write it, which puts members and patterns between quotes as they are.
#}
{% macro _literal(value) -%}
{%- set text = value | string | replace("''", "'") | replace("\\", "\\\\") | replace("'", "\\'") -%}
{%- do return("'" ~ text ~ "'") -%}
{%- endmacro %}
