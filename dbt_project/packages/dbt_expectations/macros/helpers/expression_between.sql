{# Rows, or groups, whose expression lies outside the bounds; NULL passes, NaN does not. #}
{% macro expression_between(model, expression, min_value, max_value, group_by_columns, row_condition, strictly) -%}
{%- set of = none if dbt_expectations._has_aggregate(expression) else expression -%}
{{ dbt_expectations.expression_is_true(
    model,
    expression,
    dbt_expectations._within(expression, min_value, max_value, strictly, of),
    group_by_columns,
    row_condition
) }}
{%- endmacro %}
