{#
    Appends to a log of versions that migrations own. The model's SQL gives the rows to append; nothing to say is no row.

    - It refuses `--full-refresh`: IDs are frozen, and a second minting would move them.
    - It refuses to append to a table that is not what the last append left (ops_identity): exchanged, replaced, changed by hand.
    - The whole append is one block, hence one part: it is there or it is not.
    - Its deduplication token is made of what the table held before. Of two writers that start from the same state the table
      takes one and drops the other, which then fails here. The lock of `touchstone build` and of Dagster only spares them that.
#}
{% materialization version_log, adapter='clickhouse' %}
    {%- set relation = api.Relation.create(schema=this.schema, identifier=this.identifier, type='table') -%}
    {%- if flags.FULL_REFRESH -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " cannot be refreshed in full: its IDs are frozen, and facts point at them. "
            ~ "Run without --full-refresh, or with `--exclude dimensions`."
        ) -%}
    {%- endif -%}
    {%- do assert_columns_are_as_declared(relation) -%}
    {%- do assert_identity_is_as_noted(relation) -%}
    {%- set names = model.columns.keys() | join(', ') -%}
    {%- set before = run_query(
        "SELECT count(), toString(" ~ checksum_of_log() ~ "),"
        ~ " toString(greatest(now64(6, 'UTC'), max(recorded_at) + INTERVAL 1 MICROSECOND)) FROM " ~ relation
    ).rows[0] -%}
    {%- set rows = sql | replace('<time of append>', before[2]) -%}
    {%- call statement('main') -%}
        INSERT INTO {{ relation }} ({{ names }})
        SELECT {{ names }} FROM ({{ rows }})
        SETTINGS
            insert_deduplicate = 1,
            insert_deduplication_token = '{{ this.identifier }}:{{ before[0] }}:{{ before[1] }}',
            async_insert = 0,
            max_insert_threads = 1,
            min_insert_block_size_rows = 1000000000,
            min_insert_block_size_bytes = 100000000000
    {%- endcall -%}
    {%- do assert_append_was_taken(relation, rows, before) -%}
    {%- do note_identity(relation) -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# What must never change of a row: all columns but times, by hash, in any order. Needs the model's YAML. #}
{% macro checksum_of_log() -%}
    sum(cityHash64(
        {%- for name in model.columns if name not in ('valid_from', 'recorded_at', 'batch_id') -%}
            {{ name }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ))
{%- endmacro %}


{# A dropped append means that another writer was there between our look and our insert. #}
{% macro assert_append_was_taken(relation, rows, before) %}
    {%- set own = run_query(
        "SELECT count() FROM " ~ relation ~ " WHERE recorded_at = toDateTime64('" ~ before[2] ~ "', 6, 'UTC')"
    ).rows[0][0] -%}
    {%- if own == 0 and run_query("SELECT count() FROM (" ~ rows ~ ")").rows[0][0] > 0 -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " was appended to by another run at the same time, so that this run's rows were refused. "
            ~ "No ID was given twice. Run again."
        ) -%}
    {%- endif -%}
{% endmacro %}
