{#
    Every period from the start (the first row's unless given) to the end (the last row's unless given), which itself is not looked at, has a row; with
    `interval` every so many periods together. The start counts from the begin of its period, weeks from Monday. Without rows to take start or end from
    the test fails.
#}
{% test expect_row_values_to_have_data_for_every_n_datepart(
    model,
    date_col,
    date_part="day",
    interval=none,
    row_condition=none,
    exclusion_condition=none,
    test_start_date=none,
    test_end_date=none
) %}
{{ adapter.dispatch('test_expect_row_values_to_have_data_for_every_n_datepart', 'dbt_expectations')(
    model,
    date_col,
    date_part,
    interval,
    row_condition,
    exclusion_condition,
    test_start_date,
    test_end_date
) }}
{% endtest %}

{% macro default__test_expect_row_values_to_have_data_for_every_n_datepart(
    model,
    date_col,
    date_part,
    interval,
    row_condition,
    exclusion_condition,
    test_start_date,
    test_end_date
) %}
{%- if execute and test_start_date and test_end_date and test_start_date | string >= test_end_date | string -%}
    {%- do exceptions.raise_compiler_error("test_start_date " ~ test_start_date ~ " is not before test_end_date " ~ test_end_date ~ ".") -%}
{%- endif -%}
{%- set moment = dbt_expectations._wall_clock(date_part, date_col) -%}
{%- set steps = interval or 1 -%}
{%- set first_day = "toDate32('" ~ test_start_date ~ "')" if test_start_date else "minOrNull(toDate32(moment))" -%}
{%- set last_day = "toDate32('" ~ test_end_date ~ "')" if test_end_date else "maxOrNull(toDate32(moment))" -%}
WITH periods AS (
    SELECT dbt_expectations_moment AS moment, {{ dbt_expectations._begin_of(date_part, "dbt_expectations_moment") }} AS period
    FROM (
        SELECT {{ moment }} AS dbt_expectations_moment
        FROM {{ model }}
        {{ dbt_expectations._where(row_condition) }}
    )
    WHERE dbt_expectations_moment IS NOT NULL
    GROUP BY ALL
),

span AS (
    SELECT
        count() AS period_count,
        {{ dbt_expectations._begin_of(date_part, dbt_expectations._midnight(date_part, first_day)) }} AS span_start,
        {{ dbt_expectations._midnight(date_part, last_day) }} AS span_end,
        dateDiff('{{ date_part }}', span_start, span_end) AS span_length
    FROM periods
),

spine AS (
    SELECT arrayJoin(
        if(
            span_length IS NULL OR span_length < 0,
            [NULL],
            arrayMap(
                place -> dateAdd({{ date_part }}, place * {{ steps }}, assumeNotNull(span_start)),
                range(toUInt64(intDiv(assumeNotNull(greatest(span_length, 0)) + {{ steps }} - 1, {{ steps }})))
            )
        )
    ) AS date_{{ date_part }}
    FROM span
)

SELECT date_{{ date_part }}, row_cnt, is_missing
FROM (
    SELECT date_{{ date_part }}, toUInt64(0) AS row_cnt, true AS is_missing
    FROM spine
    WHERE date_{{ date_part }} IS NULL OR assumeNotNull(date_{{ date_part }}) NOT IN (
        {%- if interval %}
        SELECT dateAdd(
            {{ date_part }},
            intDiv(dateDiff('{{ date_part }}', assumeNotNull(span_start), period), {{ steps }}) * {{ steps }},
            assumeNotNull(span_start)
        )
        FROM periods
        CROSS JOIN span
        WHERE period >= span_start
        {%- else %}
        SELECT period FROM periods
        {%- endif %}
    )
)
{%- if exclusion_condition %}
WHERE ({{ exclusion_condition }}) OR date_{{ date_part }} IS NULL
{%- endif %}
{% endmacro %}
