{#
    A dimension must be what its last append left: no row of then may be missing, altered or added. Rows appended later are
    those of an append that was cut off before it was noted; the tests judge them.
#}
{% macro assert_identity_is_as_noted(relation) %}
    {%- for fault in run_query(identity_faults(relation, model.columns.keys())).rows -%}
        {%- do exceptions.raise_compiler_error(
            relation ~ " is not what its last append left: " ~ fault[0]
            ~ ". It was exchanged, replaced or changed by hand; IDs may have moved. Nothing was appended. "
            ~ "Restore it from a backup (`touchstone restore`)."
        ) -%}
    {%- endfor -%}
{% endmacro %}


{# Notes what the dimension holds now, if that is not noted already. #}
{% macro note_identity(relation) %}
    {%- call statement('note_identity') -%}
        INSERT INTO {{ relation.schema }}.ops_identity (dimension, rows, checksum, table_uuid, last_recorded_at)
        SELECT dimension, rows, checksum, table_uuid, last_recorded_at
        FROM (
            SELECT
                '{{ relation.identifier }}' AS dimension,
                count() AS rows,
                {{ checksum_of_log() }} AS checksum,
                (
                    SELECT uuid FROM system.tables
                    WHERE database = '{{ relation.schema }}' AND name = '{{ relation.identifier }}'
                ) AS table_uuid,
                max(recorded_at) AS last_recorded_at
            FROM {{ relation }}
        )
        WHERE (rows, checksum) NOT IN (
            SELECT rows, checksum FROM {{ relation.schema }}.ops_identity
            WHERE dimension = '{{ relation.identifier }}'
            ORDER BY noted_at DESC
            LIMIT 1
        )
    {%- endcall -%}
{% endmacro %}


{# A row with one sentence when the dimension is not what was noted last; no row when it is, or when nothing was noted. #}
{% macro identity_faults(relation, columns) %}
    WITH noted AS (
        SELECT rows, checksum, table_uuid, last_recorded_at
        FROM {{ relation.schema }}.ops_identity
        WHERE dimension = '{{ relation.identifier }}'
        ORDER BY noted_at DESC
        LIMIT 1
    ),

    live AS (
        SELECT
            countIf(recorded_at <= (SELECT last_recorded_at FROM noted)) AS rows,
            sumIf(
                cityHash64(
                    {%- for name in columns if name not in ('valid_from', 'recorded_at', 'batch_id') -%}
                        {{ name }}{{ ', ' if not loop.last }}
                    {%- endfor -%}
                ),
                recorded_at <= (SELECT last_recorded_at FROM noted)
            ) AS checksum,
            (
                SELECT uuid FROM system.tables
                WHERE database = '{{ relation.schema }}' AND name = '{{ relation.identifier }}'
            ) AS table_uuid
        FROM {{ relation }}
    )

    SELECT concat(
        toString(noted.rows), ' rows with checksum ', toString(noted.checksum), ' were noted, ',
        toString(live.rows), ' with ', toString(live.checksum), ' are there',
        if(noted.table_uuid != live.table_uuid, ', and the table is another one', '')
    ) AS fault
    FROM noted
    CROSS JOIN live
    WHERE noted.rows != live.rows OR noted.checksum != live.checksum
{% endmacro %}
