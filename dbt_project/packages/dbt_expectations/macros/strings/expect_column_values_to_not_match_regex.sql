{# The regex is found nowhere in any value. #}
{% test expect_column_values_to_not_match_regex(
    model,
    column_name,
    regex,
    row_condition=none,
    is_raw=false,
    flags=""
) %}
{{ adapter.dispatch('test_expect_column_values_to_not_match_regex', 'dbt_expectations')(
    model,
    column_name,
    regex,
    row_condition,
    is_raw,
    flags
) }}
{% endtest %}

{% macro default__test_expect_column_values_to_not_match_regex(
    model,
    column_name,
    regex,
    row_condition,
    is_raw,
    flags
) %}
{{ dbt_expectations.expression_is_true(
    model,
    dbt_expectations.regexp_instr(column_name, regex, is_raw=is_raw, flags=flags),
    "= 0",
    row_condition=row_condition
) }}
{% endmacro %}
