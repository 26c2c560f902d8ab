-- Rollback of 0007. Loses the record of what dimensions held, and landed lookup files; the ledger and the aliases are in seeds/.
-- Refused by ClickHouse while a dictionary of 0008 or 0009 reads one of these (roll those back first).
DROP TABLE IF EXISTS ${DATABASE}.dim_feed_rule ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.bridge_combination ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_alias ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.landing_lookups ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.ops_identity ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.ops_ledger ${ON_CLUSTER} SYNC;
ALTER TABLE ${DATABASE}.dim_product_type ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_data_class ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_field ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_asset_class ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_sub_asset_class ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_source ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
ALTER TABLE ${DATABASE}.dim_instrument ${ON_CLUSTER} RESET SETTING non_replicated_deduplication_window, replicated_deduplication_window;
