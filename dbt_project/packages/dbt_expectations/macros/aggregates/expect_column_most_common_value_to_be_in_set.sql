{#
    The value at rank `top_n` of how often values occur is a member of the set; among equally frequent ones the smaller comes first. NULL is a value
    of its own, and a member only where the set lists it. `data_type` other than plain decimal is what unquoted values are cast to.
#}
{% test expect_column_most_common_value_to_be_in_set(
    model,
    column_name,
    value_set,
    top_n,
    quote_values=true,
    data_type="decimal",
    row_condition=none,
    strictly=none
) %}
{{ adapter.dispatch('test_expect_column_most_common_value_to_be_in_set', 'dbt_expectations')(
    model,
    column_name,
    value_set,
    top_n,
    quote_values,
    data_type,
    row_condition,
    strictly
) }}
{% endtest %}

{% macro default__test_expect_column_most_common_value_to_be_in_set(
    model,
    column_name,
    value_set,
    top_n,
    quote_values,
    data_type,
    row_condition,
    strictly
) %}
{%- set is_cast = not quote_values and data_type | lower not in ("decimal", "numeric", "dec") -%}
{%- set value = "CAST(" ~ column_name ~ " AS Nullable(" ~ data_type ~ "))" if is_cast else column_name -%}
SELECT dbt_expectations_value AS value_field, dbt_expectations_count AS value_count
FROM (
    SELECT ({{ value }}) AS dbt_expectations_value, count() AS dbt_expectations_count
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
    GROUP BY ({{ value }})
    ORDER BY dbt_expectations_count DESC, dbt_expectations_value ASC
    LIMIT 1 OFFSET {{ top_n | int - 1 }}
)
WHERE NOT {{ dbt_expectations._in_set("dbt_expectations_value", value_set, quote_values) }}
{% endmacro %}
