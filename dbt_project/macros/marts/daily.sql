{#
    A table by the day over a fact, of which single days are made anew while every other day stays as it was. The model's SQL gives all days;
    `in_days_of_run(event_time)` in it stands for those that a run is for:

    - the variables `first_day` and `last_day` give a range,
    - else those days that are behind: the fact has another number of rows, or later ones, than the table,
    - or all of them, if the table does not exist or with `--full-refresh`.

    The days' partitions are put together beside the table, from the new days and from what the other days of those partitions hold, and
    each replaces its partition in one statement: a reader sees a day as it was, or as it is. A day that has no facts any more loses its rows.
    Run again after a failure at any place it ends in the same. Of two at once the later one may put back a day of the earlier one, which is
    then behind, and made by the next run.

    Config: fact, event_time (its column), rows (column with the number of facts), and a column `day`, and `last_known_at`.
#}
{% materialization daily, adapter='clickhouse' %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set beside = relation.incorporate(path={'identifier': this.identifier ~ '__next'}) -%}
    {%- set is_whole = flags.FULL_REFRESH or (not existing and not range_of_days()) -%}
    {%- set of_days = 'true' if is_whole else days_of_run(relation if existing else none) -%}
    {{ run_hooks(pre_hooks) }}
    {%- do run_query("DROP TABLE IF EXISTS " ~ beside ~ on_cluster_clause(relation) ~ " SYNC") -%}
    {%- call statement('main') -%}
        {{ get_create_table_as_sql(False, beside if existing else relation, sql_of_days(sql, of_days)) }}
    {%- endcall -%}
    {%- if existing -%}
        {%- if is_whole -%}
            {%- do run_query("EXCHANGE TABLES " ~ relation ~ " AND " ~ beside ~ on_cluster_clause(relation)) -%}
        {%- else -%}
            {%- do replace_days(relation, beside, of_days | replace('<time>', 'day')) -%}
        {%- endif -%}
        {%- do run_query("DROP TABLE IF EXISTS " ~ beside ~ on_cluster_clause(relation) ~ " SYNC") -%}
    {%- endif -%}
    {%- do persist_docs(relation, model) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# Stands in a daily model for the condition that a row's event time is in the days of the run. Compiled it means all days. #}
{% macro in_days_of_run(event_time) -%}
    true /* {{ event_time }} in the days of this run */
{%- endmacro %}


{% macro sql_of_days(sql, of_days) %}
    {%- set event_time = config.require('event_time') -%}
    {%- if in_days_of_run(event_time) not in sql -%}
        {%- do exceptions.raise_compiler_error(this ~ " is a daily model without in_days_of_run('" ~ event_time ~ "') in its SQL.") -%}
    {%- endif -%}
    {{ return(sql | replace(in_days_of_run(event_time), of_days | replace('<time>', event_time))) }}
{% endmacro %}


{# The condition on `<time>` that it is in the days of this run: those of the range, or those that are behind in the table. #}
{% macro days_of_run(relation) %}
    {%- set range = range_of_days() -%}
    {%- if range -%}
        {{ return("toDate(<time>) BETWEEN toDate('" ~ range[0] ~ "') AND toDate('" ~ range[1] ~ "')") }}
    {%- endif -%}
    {%- set behind = run_query(days_behind(relation)).rows | map(attribute=0) | list -%}
    {{ return("toDate(<time>) IN (toDate('" ~ behind | join("'), toDate('") ~ "'))" if behind else 'false') }}
{% endmacro %}


{# Days of which the table does not say what the fact says. #}
{% macro days_behind(relation) -%}
    SELECT toString(day) FROM (
        SELECT toDate({{ config.require('event_time') }}) AS day, count() AS of_fact, 0 AS of_mart,
            max(known_at) AS known_of_fact, toDateTime64(0, 6, 'UTC') AS known_of_mart
        FROM {{ this.schema }}.{{ config.require('fact') }} GROUP BY day
        UNION ALL
        SELECT day, 0, sum({{ config.require('rows') }}), toDateTime64(0, 6, 'UTC'), max(last_known_at)
        FROM {{ relation }} GROUP BY day
    )
    GROUP BY day
    HAVING sum(of_fact) != sum(of_mart) OR max(known_of_fact) != max(known_of_mart)
    ORDER BY day
{%- endmacro %}


{# First and last day from the variables `first_day` and `last_day`; none without them. #}
{% macro range_of_days() %}
    {%- set first_day, last_day = var('first_day', none), var('last_day', none) -%}
    {%- if first_day is none and last_day is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- for day in (first_day, last_day) if not modules.re.fullmatch('[0-9]{4}-[0-9]{2}-[0-9]{2}', day | string) -%}
        {%- do exceptions.raise_compiler_error("first_day and last_day go together, as YYYY-MM-DD; they are " ~ first_day ~ " and " ~ last_day ~ ".") -%}
    {%- endfor -%}
    {%- if first_day | string > last_day | string -%}
        {%- do exceptions.raise_compiler_error("first_day " ~ first_day ~ " is after last_day " ~ last_day ~ ".") -%}
    {%- endif -%}
    {%- if flags.FULL_REFRESH -%}
        {%- do exceptions.raise_compiler_error("--full-refresh makes every day anew. Leave out first_day and last_day, or the flag.") -%}
    {%- endif -%}
    {{ return((first_day | string, last_day | string)) }}
{% endmacro %}


{# Put the rows of `beside` in the place of all rows that `relation` has of these days, partition by partition. #}
{% macro replace_days(relation, beside, of_days) %}
    {%- do assert_same_columns(relation, beside) -%}
    {%- set partitions = run_query(
        "SELECT DISTINCT id FROM (SELECT _partition_id AS id FROM " ~ relation ~ " WHERE " ~ of_days
        ~ " UNION ALL SELECT _partition_id AS id FROM " ~ beside ~ ") ORDER BY id"
    ).rows | map(attribute=0) | list -%}
    {%- if partitions -%}
        {%- do run_query(
            "INSERT INTO " ~ beside ~ " SELECT * FROM " ~ relation
            ~ " WHERE _partition_id IN ('" ~ partitions | join("', '") ~ "') AND NOT (" ~ of_days ~ ")"
        ) -%}
    {%- endif -%}
    {%- for partition in partitions -%}
        {%- do run_query("ALTER TABLE " ~ relation ~ on_cluster_clause(relation) ~ " REPLACE PARTITION ID '" ~ partition ~ "' FROM " ~ beside) -%}
    {%- endfor -%}
{% endmacro %}


{# A changed model is told before anything is replaced. #}
{% macro assert_same_columns(relation, beside) %}
    {%- set live, wanted = [], [] -%}
    {%- for table, columns in ((relation, live), (beside, wanted)) -%}
        {%- for row in run_query("DESCRIBE TABLE " ~ table).rows -%}
            {%- do columns.append(row[0] ~ ' ' ~ row[1]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if live != wanted -%}
        {%- do run_query("DROP TABLE IF EXISTS " ~ beside ~ " SYNC") -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " has the columns " ~ live | join(', ') ~ "; the model gives " ~ wanted | join(', ')
            ~ ". Make all its days anew: `touchstone build --select " ~ relation.identifier ~ " --full-refresh`."
        ) -%}
    {%- endif -%}
{% endmacro %}
