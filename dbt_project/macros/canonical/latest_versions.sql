{#
    The latest version of each event of a fact. Later knowledge wins, then the later row of the same file. With `as_of`, the name of a
    parameter of a parameterized view, only what was known by then.
#}
{% macro latest_versions(fact, keys, as_of=none) -%}
    SELECT *
    FROM {{ fact }}
    {%- if as_of %}
    WHERE known_at <= {{ '{' ~ as_of ~ ":DateTime64(6, 'UTC')}" if execute else 'now64(6)' }}
    {%- endif %}
    ORDER BY known_at DESC, batch_id DESC, row_number DESC
    LIMIT 1 BY {{ keys | join(', ') }}
{%- endmacro %}
