{# Names that the server takes for a type, such as varchar, folded to lower case without spaces -> the type. #}
{% macro _type_aliases() -%}
{%- set aliases = {} -%}
{%- for row in run_query("SELECT lower(replaceAll(name, ' ', '')), lower(alias_to) FROM system.data_type_families WHERE alias_to != ''").rows -%}
    {%- do aliases.update({row[0]: row[1]}) -%}
{%- endfor -%}
{%- do return(aliases) -%}
{%- endmacro %}
