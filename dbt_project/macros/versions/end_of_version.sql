{# A version holds until one microsecond before the next one; the last one has no end. #}
{% macro end_of_version(id, version, valid_from) -%}
    leadInFrame(
        toDateTime64({{ valid_from }} - INTERVAL 1 MICROSECOND, 6, 'UTC'), 1, toDateTime64('2262-01-01', 6, 'UTC')
    ) OVER (PARTITION BY {{ id }} ORDER BY {{ version }} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
{%- endmacro %}
