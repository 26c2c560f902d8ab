-- Rollback of 0003. Drops every dimension and with it the IDs minted in the warehouse (dim_instrument):
-- take a backup first. Refused by ClickHouse while a dictionary still reads a dimension (roll 0005 back first).

DROP TABLE IF EXISTS ${DATABASE}.dim_instrument ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_source ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_sub_asset_class ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_asset_class ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_field ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_data_class ${ON_CLUSTER} SYNC;
DROP TABLE IF EXISTS ${DATABASE}.dim_product_type ${ON_CLUSTER} SYNC;
