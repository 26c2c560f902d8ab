{# A condition that keeps the rows which a test of several columns looks at. #}
{% macro ignore_row_if_expression(ignore_row_if, columns) -%}
{{ return(adapter.dispatch('ignore_row_if_expression', 'dbt_expectations')(ignore_row_if, columns)) }}
{%- endmacro %}

{% macro default__ignore_row_if_expression(ignore_row_if, columns) -%}
{%- set nulls = [] -%}
{%- for column in columns -%}{%- do nulls.append("(" ~ column ~ ") IS NULL") -%}{%- endfor -%}
{%- if ignore_row_if == "all_values_are_missing" -%}
    NOT ({{ nulls | join(" AND ") }})
{%- elif ignore_row_if == "any_value_is_missing" -%}
    NOT ({{ nulls | join(" OR ") }})
{%- else -%}
    {%- do exceptions.raise_compiler_error("ignore_row_if is all_values_are_missing or any_value_is_missing, not '" ~ ignore_row_if ~ "'.") -%}
{%- endif -%}
{%- endmacro %}
