{# Warns of flags that RE2 does not have. `c` is accepted beside them: RE2 tells cases apart unless told otherwise. #}
{% macro _validate_re2_flags(flags) -%}
{%- do dbt_expectations._validate_flags(flags, 'imsUc') -%}
{%- endmacro %}
