{#
    At least one of the regexes is absent from every value: a row fails only if ALL are found. With `match_on: all` every one is absent, and a row
    fails as soon as ONE is found.
#}
{% test expect_column_values_to_not_match_regex_list(
    model,
    column_name,
    regex_list,
    match_on="any",
    row_condition=none,
    is_raw=false,
    flags=""
) %}
{{ adapter.dispatch('test_expect_column_values_to_not_match_regex_list', 'dbt_expectations')(
    model,
    column_name,
    regex_list,
    match_on,
    row_condition,
    is_raw,
    flags
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_not_match_regex_list(
    model,
    column_name,
    regex_list,
    match_on,
    row_condition,
    is_raw,
    flags
) %}
{%- set conditions = [] -%}
{%- for regex in regex_list or [] -%}
    {%- do conditions.append(dbt_expectations.regexp_instr(column_name, regex, is_raw=is_raw, flags=flags) ~ " = 0") -%}
{%- endfor -%}
{{ dbt_expectations.expression_is_true(model, dbt_expectations._combined(conditions, match_on), row_condition=row_condition) }}
{% endmacro %}
