{# A metric, or its natural logarithm where it has one; 0 for NULL and where there is no logarithm. #}
{% macro _get_metric_expression(metric_column, take_logs) -%}
{%- if take_logs -%}
    {%- do return("ifNull(if((" ~ metric_column ~ ") > 0, " ~ dbt_expectations.log_natural("toFloat64(" ~ metric_column ~ ")") ~ ", NULL), 0)") -%}
{%- endif -%}
{%- do return("ifNull(toFloat64(" ~ metric_column ~ "), 0)") -%}
{%- endmacro %}
