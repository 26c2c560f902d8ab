{# Every spelling that a domain's codes ever had, with the ID: what staging joins where a parent's or a combination's ID is needed. #}
{% macro ids_of(domain, parent=none) -%}
    SELECT DISTINCT {{ parent ~ '_id, ' if parent }}code, {{ domain }}_id FROM {{ ref('dim_' ~ domain) }}
{%- endmacro %}
