{#
    An expression of a relation's rows as the column `expression`, with its groups as col_1, col_2 and so on. Its aliases are named so that they hide
    no column; aggregates over nothing are NULL.
#}
{% macro get_select(model, expression, row_condition=none, group_by=none) -%}
{{ return(adapter.dispatch('get_select', 'dbt_expectations')(model, expression, row_condition, group_by)) }}
{%- endmacro %}

{% macro default__get_select(model, expression, row_condition, group_by) -%}
{%- set groups = dbt_expectations._as_list(group_by) -%}
SELECT
    {%- for group in groups %}
    dbt_expectations_group_{{ loop.index }} AS col_{{ loop.index }},
    {%- endfor %}
    {{ dbt_expectations.truth_expression("dbt_expectations_value") }}
FROM (
    SELECT
        {%- for group in groups %}
        ({{ group }}) AS dbt_expectations_group_{{ loop.index }},
        {%- endfor %}
        ({{ expression }}) AS dbt_expectations_value
    FROM {{ model }}
    {{ dbt_expectations._where(row_condition) }}
    {%- if groups %}
    GROUP BY ({{ groups | join("), (") }})
    {%- endif %}
    SETTINGS aggregate_functions_null_for_empty = 1
)
{%- endmacro %}
