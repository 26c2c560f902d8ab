{# What is in both lists, in the order of the first. #}
{% macro _list_intersect(list1, list2) -%}
{%- do return(list1 | select("in", list2) | list) -%}
{%- endmacro %}
