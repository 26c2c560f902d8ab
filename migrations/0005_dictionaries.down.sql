-- Rollback of 0005. Foreign keys go first: ClickHouse refuses to drop a dictionary that a constraint names.
-- Nothing is lost; while they are gone no feed may be loaded (0006 must be rolled back before).

ALTER TABLE ${DATABASE}.fct_observations ${ON_CLUSTER}
    DROP CONSTRAINT IF EXISTS fk_instrument,
    DROP CONSTRAINT IF EXISTS fk_field,
    DROP CONSTRAINT IF EXISTS fk_data_class,
    DROP CONSTRAINT IF EXISTS fk_product_type,
    DROP CONSTRAINT IF EXISTS fk_asset_class,
    DROP CONSTRAINT IF EXISTS fk_sub_asset_class,
    DROP CONSTRAINT IF EXISTS fk_sub_asset_class_of_asset_class,
    DROP CONSTRAINT IF EXISTS fk_source;

DROP DICTIONARY IF EXISTS ${DATABASE}.dict_instrument_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_instrument ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_source_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_source ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_sub_asset_class_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_sub_asset_class ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_asset_class_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_asset_class ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_field_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_field ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_data_class_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_data_class ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_product_type_ids ${ON_CLUSTER};
DROP DICTIONARY IF EXISTS ${DATABASE}.dict_product_type ${ON_CLUSTER};
