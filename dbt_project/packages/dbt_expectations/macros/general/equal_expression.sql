{#
    Two aggregates differ by at most `tolerance`, or by at most the share `tolerance_percent` of the first; per group if grouped. NULL and a group that
    only one side has count as 0. What is no number, such as a date, has to be equal. Groups meet in a GROUP BY, where NULL meets NULL.
#}
{% test equal_expression(
    model,
    expression,
    compare_model=none,
    compare_expression=none,
    group_by=none,
    compare_group_by=none,
    row_condition=none,
    compare_row_condition=none,
    tolerance=0.0,
    tolerance_percent=none
) %}
{{ adapter.dispatch('test_equal_expression', 'dbt_expectations')(
    model,
    expression,
    compare_model,
    compare_expression,
    group_by,
    compare_group_by,
    row_condition,
    compare_row_condition,
    tolerance,
    tolerance_percent
) }}
{% endtest %}

{% macro default__test_equal_expression(
    model,
    expression,
    compare_model,
    compare_expression,
    group_by,
    compare_group_by,
    row_condition,
    compare_row_condition,
    tolerance,
    tolerance_percent
) %}
{%- set groups = dbt_expectations._as_list(group_by) -%}
{%- set compare_groups = dbt_expectations._as_list(compare_group_by) or groups -%}
{%- set columns = [] -%}
{%- for group in groups -%}{%- do columns.append("col_" ~ loop.index) -%}{%- endfor -%}
{%- set columns = columns | join(", ") ~ (", " if columns else "") -%}
{%- set ours = dbt_expectations.get_select(model, expression, row_condition, groups) -%}
{%- set theirs = dbt_expectations.get_select(
    compare_model or model, compare_expression or expression, compare_row_condition or row_condition, compare_groups
) -%}
WITH sides AS (
    {%- if groups %}
    SELECT {{ columns }} any(ours) AS expression, any(theirs) AS compare_expression
    FROM (
        SELECT {{ columns }} expression AS ours, NULL AS theirs FROM ({{ ours }})
        UNION ALL
        SELECT {{ columns }} NULL AS ours, expression AS theirs FROM ({{ theirs }})
    )
    GROUP BY {{ columns[:-2] }}
    SETTINGS use_variant_as_common_type = 0
    {%- else %}
    SELECT (SELECT expression FROM ({{ ours }})) AS expression, (SELECT expression FROM ({{ theirs }})) AS compare_expression
    {%- endif %}
),

numbers_of_sides AS (
    SELECT
        *,
        toFloat64OrNull(ifNull(toString(expression), '0')) AS dbt_expectations_ours,
        abs(dbt_expectations_ours - toFloat64OrNull(ifNull(toString(compare_expression), '0'))) AS expression_difference,
        expression_difference / abs(dbt_expectations_ours) AS expression_difference_percent
    FROM sides
)

SELECT {{ columns }} expression, compare_expression, expression_difference, expression_difference_percent
FROM numbers_of_sides
WHERE NOT ifNull(expression = compare_expression, ifNull(expression_difference = 0, expression IS NULL AND compare_expression IS NULL))
    {%- if tolerance_percent %} AND NOT ifNull(expression_difference_percent <= {{ tolerance_percent }}, false)
    {%- elif tolerance | string not in ("0", "0.0") %} AND NOT ifNull(expression_difference <= {{ tolerance }}, false)
    {%- endif %}
{% endmacro %}
