{# The column has one of these types; a column that is not there has none. #}
{% test expect_column_values_to_be_in_type_list(model, column_name, column_type_list) %}
{{ adapter.dispatch('test_expect_column_values_to_be_in_type_list', 'dbt_expectations')(
    model,
    column_name,
    column_type_list
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_be_in_type_list(model, column_name, column_type_list) %}
{%- set wrong = [] -%}
{%- if execute -%}
    {%- set name = dbt_expectations._bare_name(column_name) -%}
    {%- set columns = dbt_expectations._columns(model) -%}
    {%- set found = columns | selectattr("name", "equalto", name) | list or columns | selectattr("name", "equalto", name.lower()) | list
        or columns | selectattr("name", "equalto", name.upper()) | list -%}
    {%- set aliases = dbt_expectations._type_aliases() -%}
    {%- set fitting = [] -%}
    {%- for wanted in column_type_list if found and dbt_expectations._type_fits(found[0], wanted, aliases) -%}
        {%- do fitting.append(wanted) -%}
    {%- endfor -%}
    {%- if not fitting -%}
        {%- do wrong.append([name, found[0].dtype if found else "not in the relation", column_type_list | join(" or ")]) -%}
    {%- endif -%}
{%- endif -%}
{{ dbt_expectations._told_rows(["column_name", "column_type", "expected_type"], wrong) }}
{% endmacro %}
