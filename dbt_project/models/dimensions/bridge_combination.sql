-- The rows of the lookup files themselves: which field exists for which product. A row with a blank code combines nothing.
WITH combined AS (
    SELECT DISTINCT
        product_types.product_type_id AS product_type_id,
        data_classes.data_class_id AS data_class_id,
        fields.field_id AS field_id,
        asset_classes.asset_class_id AS asset_class_id,
        sub_asset_classes.sub_asset_class_id AS sub_asset_class_id
    FROM {{ ref('stg_lookups') }} AS lookups
    INNER JOIN ({{ ids_of('product_type') }}) AS product_types ON product_types.code = lookups.product_type
    INNER JOIN ({{ ids_of('data_class') }}) AS data_classes ON data_classes.code = lookups.data_class
    INNER JOIN ({{ ids_of('field') }}) AS fields ON fields.code = lookups.field
    INNER JOIN ({{ ids_of('asset_class') }}) AS asset_classes ON asset_classes.code = lookups.asset_class
    INNER JOIN ({{ ids_of('sub_asset_class', parent='asset_class') }}) AS sub_asset_classes
        ON sub_asset_classes.code = lookups.sub_asset_class AND sub_asset_classes.asset_class_id = asset_classes.asset_class_id
),

known AS (
    SELECT * FROM {{ this }}
    ORDER BY version DESC
    LIMIT 1 BY product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id
),

listed AS (
    SELECT
        *,
        1 AS is_listed
    FROM combined
),

appended AS (
    SELECT
        product_type_id,
        data_class_id,
        field_id,
        asset_class_id,
        sub_asset_class_id,
        listed.is_listed = 1 AS is_active,
        toUInt32(known.version + 1) AS version
    FROM listed
    FULL JOIN known USING (product_type_id, data_class_id, field_id, asset_class_id, sub_asset_class_id)
    WHERE (listed.is_listed = 1 AND NOT known.is_active)
        -- an empty desk is an accident, not the retirement of everything
        OR (listed.is_listed = 0 AND known.is_active AND (SELECT count() FROM (SELECT 1 FROM {{ ref('stg_lookups') }} LIMIT 1)) > 0)
)

SELECT
    product_type_id,
    data_class_id,
    field_id,
    asset_class_id,
    sub_asset_class_id,
    is_active,
    version,
    {{ log_columns() }}
FROM appended
