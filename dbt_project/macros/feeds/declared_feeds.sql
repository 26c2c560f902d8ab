{# Rendered from feeds.yml by `touchstone feeds render`: rules of the feeds, and the reasons for which they reject rows. #}
{% macro declared_rules() %}
    {{ return([
        ('observations', 'forbidden_combination', 'reject'),
        ('observations', 'duplicate_in_batch', 'reject'),
    ]) }}
{% endmacro %}


{% macro declared_reasons() %}
    {{ return([
        ('observations', 'missing_observed_at', 0, 'observed_at', "Have the file delivered again with observed_at filled in."),
        ('observations', 'bad_observed_at', 1, 'observed_at', "Have observed_at delivered as ISO 8601, such as 2026-01-05T10:20:30.123456Z."),
        ('observations', 'out_of_range_observed_at', 2, 'observed_at', "Moments before 1970-01-01 are not taken; have observed_at corrected."),
        ('observations', 'future_event_time', 3, 'observed_at', "observed_at lies more than 1 day after the row's arrival; look at its zone and its date order."),
        ('observations', 'missing_source', 4, 'source', "Have the file delivered again with source filled in."),
        ('observations', 'unknown_source', 5, 'source', "Add the code to seeds/sources.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_instrument', 6, 'instrument', "Have the file delivered again with instrument filled in."),
        ('observations', 'unknown_instrument', 7, 'instrument', "Load a file that brings this instrument; build, and it is replayed."),
        ('observations', 'missing_asset_class', 8, 'asset_class', "Have the file delivered again with asset_class filled in."),
        ('observations', 'unknown_asset_class', 9, 'asset_class', "Add the code to seeds/lookups.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_sub_asset_class', 10, 'sub_asset_class', "Have the file delivered again with sub_asset_class filled in."),
        ('observations', 'unknown_sub_asset_class', 11, 'sub_asset_class', "Add the code to seeds/lookups.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_product_type', 12, 'product_type', "Have the file delivered again with product_type filled in."),
        ('observations', 'unknown_product_type', 13, 'product_type', "Add the code to seeds/lookups.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_data_class', 14, 'data_class', "Have the file delivered again with data_class filled in."),
        ('observations', 'unknown_data_class', 15, 'data_class', "Add the code to seeds/lookups.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_field', 16, 'field', "Have the file delivered again with field filled in."),
        ('observations', 'unknown_field', 17, 'field', "Add the code to seeds/lookups.csv, or to seeds/lookup_aliases.csv if it is another spelling of a known one; build, and it is replayed."),
        ('observations', 'missing_value', 18, 'value', "Have the file delivered again with value filled in."),
        ('observations', 'bad_value', 19, 'value', "value does not have the type that its field has at the lookup desk; correct one of them."),
        ('observations', 'forbidden_combination', 20, '', "Add the combination of product_type, data_class, field, asset_class, sub_asset_class to seeds/lookups.csv if it is right, then replay; else have the file corrected."),
        ('observations', 'duplicate_in_batch', 21, '', "The same row stands earlier in the same file and was taken from there. Discard this one."),
    ]) }}
{% endmacro %}
