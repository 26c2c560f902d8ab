{# In every row (A, B) is one of the pairs, whose values are SQL. Where one side is NULL the row fails only if the other side is in no pair. #}
{% test expect_column_pair_values_to_be_in_set(model, column_A, column_B, value_pairs_set, row_condition=none) %}
{{ adapter.dispatch('test_expect_column_pair_values_to_be_in_set', 'dbt_expectations')(
    model,
    column_A,
    column_B,
    value_pairs_set,
    row_condition
) }}
{% endtest %}

{% macro default__test_expect_column_pair_values_to_be_in_set(
    model,
    column_A,
    column_B,
    value_pairs_set,
    row_condition
) %}
{%- if execute and not value_pairs_set -%}
    {%- do exceptions.raise_compiler_error("An empty value_pairs_set: no pair could be in it.") -%}
{%- endif -%}
{%- set pairs = [] -%}
{%- for pair in value_pairs_set or [] -%}
    {%- if pair is string or pair | length != 2 -%}
        {%- do exceptions.raise_compiler_error("A pair has two values, not " ~ pair ~ ".") -%}
    {%- endif -%}
    {%- do pairs.append("((" ~ column_A ~ ") = " ~ dbt_expectations._sql_value(pair[0], column_A) ~ " AND (" ~ column_B ~ ") = "
        ~ dbt_expectations._sql_value(pair[1], column_B) ~ ")") -%}
{%- endfor -%}
{{ dbt_expectations.expression_is_true(model, "(" ~ pairs | join(" OR ") ~ ")", row_condition=row_condition) }}
{% endmacro %}
