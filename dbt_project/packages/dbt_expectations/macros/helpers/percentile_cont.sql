{# The interpolated quantile, exact: NULL over nothing, a window function where `partition` names its columns. NaN counts as the largest number. #}
{% macro percentile_cont(field, quantile, partition=none) -%}
{{ return(adapter.dispatch('quantile', 'dbt_expectations')(field, quantile, partition)) }}
{%- endmacro %}

{% macro default__quantile(field, quantile, partition) -%}
quantileExactInclusiveOrNull({{ quantile }})(if(isNaN(toFloat64({{ field }})), inf, toFloat64({{ field }})))
{%- if partition %} OVER (PARTITION BY {{ dbt_expectations._as_list(partition) | join(", ") }}){% endif -%}
{%- endmacro %}
