{# The end of every model that appends to a log of versions: when, and by which batch. The time is one for the whole append. #}
{% macro log_columns() -%}
    {{ time_of_append() }} AS valid_from,
    {{ time_of_append() }} AS recorded_at,
    toUInt64(0) AS batch_id
{%- endmacro %}


{# A literal that the materialization replaces; see macros/dimensions/version_log.sql. #}
{% macro time_of_append() -%}
    toDateTime64('<time of append>', 6, 'UTC')
{%- endmacro %}
