{# The begin of the period that holds the moment, in its type: date_trunc makes a time of a day. #}
{% macro _begin_of(date_part, moment) -%}
{%- do return(moment if date_part == "day" else "date_trunc('" ~ date_part ~ "', " ~ moment ~ ")") -%}
{%- endmacro %}
