{# The columns of a relation, in their order; none while dbt parses. A relation that `where` filters is a text: nothing is known of its columns. #}
{% macro _columns(model) -%}
{%- if not execute -%}{%- do return([]) -%}{%- endif -%}
{%- if model is string -%}
    {%- do exceptions.raise_compiler_error("A test of columns looks at no rows: take `where` out of its config.") -%}
{%- endif -%}
{%- set columns = adapter.get_columns_in_relation(model) -%}
{%- if not columns -%}{%- do exceptions.raise_compiler_error(model ~ " has no columns: it does not exist.") -%}{%- endif -%}
{%- do return(columns) -%}
{%- endmacro %}
