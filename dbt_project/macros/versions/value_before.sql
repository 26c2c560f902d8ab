{# The value that the version before had; NULL for the first version. #}
{% macro value_before(column, id, version) -%}
    lagInFrame(toNullable({{ column }}))
        OVER (PARTITION BY {{ id }} ORDER BY {{ version }} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
{%- endmacro %}
