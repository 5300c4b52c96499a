"""Statements that the ORM cannot say."""

# Make the quants that a staged document names for the first time. Always in the order of the key: two documents
# that name the same new quants in another order would wait for each other. No MERGE, which fails on a key that
# somebody else makes meanwhile. {stage} is a table with bin_id, item_id, variant_id, lot_id.
ENSURE_QUANTS = """
    INSERT INTO warehouse_quant (location_id, bin_id, item_id, variant_id, lot_id, quantity, last_entry, virtual)
    SELECT bin.location_id, key.bin_id, key.item_id, key.variant_id, key.lot_id, 0, 0, bin.virtual
      FROM (SELECT DISTINCT bin_id, item_id, variant_id, lot_id FROM {stage} WHERE {condition}) key
      JOIN warehouse_bin bin ON bin.id = key.bin_id
     WHERE NOT EXISTS (SELECT 1 FROM warehouse_quant q
                        WHERE q.bin_id = key.bin_id AND q.item_id = key.item_id
                          AND q.variant_id IS NOT DISTINCT FROM key.variant_id
                          AND q.lot_id IS NOT DISTINCT FROM key.lot_id)
     ORDER BY key.bin_id, key.item_id, key.variant_id, key.lot_id
        ON CONFLICT DO NOTHING
"""

# Make the units that a staged document names for the first time, without a place, in the order of the key, as above.
# {stage} is a table with item_id, variant_id, unit_code, manufacturer_number, unit_lot_id. %(codes)s and %(serials)s:
# tags, and the serial numbers in them.
ENSURE_UNITS = """
    INSERT INTO warehouse_unit (item_id, variant_id, lot_id, kind, code, serial_number, manufacturer_number, state,
                                last_entry, cost)
    SELECT key.item_id, key.variant_id, key.unit_lot_id, CASE i.tracking WHEN 'rfid' THEN 'epc' ELSE 'serial' END,
           key.unit_code, CASE i.tracking WHEN 'rfid' THEN coalesce(tag.serial, '') ELSE key.unit_code END,
           coalesce(key.manufacturer_number, ''), 'detached', 0, 0
      FROM (SELECT DISTINCT ON (item_id, unit_code) item_id, variant_id, unit_code, manufacturer_number, unit_lot_id
              FROM {stage} WHERE {condition}) key
      JOIN warehouse_item i ON i.id = key.item_id AND i.tracking IN ('serial', 'rfid')
      LEFT JOIN unnest(%(codes)s::text[], %(serials)s::text[]) tag (code, serial) ON tag.code = key.unit_code
     WHERE NOT EXISTS (SELECT 1 FROM warehouse_unit u WHERE u.item_id = key.item_id AND u.code = key.unit_code)
     ORDER BY key.item_id, key.unit_code
        ON CONFLICT DO NOTHING
"""

# Of these the tags, whose serial numbers are to be read.
NEW_TAGS = """
    SELECT DISTINCT key.unit_code
      FROM (SELECT item_id, unit_code FROM {stage} WHERE {condition}) key
      JOIN warehouse_item i ON i.id = key.item_id AND i.tracking = 'rfid'
     WHERE NOT EXISTS (SELECT 1 FROM warehouse_unit u WHERE u.item_id = key.item_id AND u.code = key.unit_code)
"""

# A table for the rows of a file, with the types of the table that they are for. Parameters are names of our own.
STAGE_ROWS = """
    DROP TABLE IF EXISTS pg_temp.import_stage;
    CREATE TEMPORARY TABLE import_stage ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA
"""

# In the order of the key, for the same reason as ENSURE_QUANTS. Whatever is there already stays as it is.
LOAD_STAGED = """
    INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_temp.import_stage ORDER BY {columns} ON CONFLICT DO NOTHING
"""

# A lot that was known without an expiration date gets the one that the file gives. After LOAD_STAGED of lots.
DATE_LOTS = """
    UPDATE warehouse_lot lot SET expiration_date = given.expiration_date
      FROM pg_temp.import_stage given
     WHERE lot.item_id = given.item_id AND lot.number = given.number
       AND lot.expiration_date IS NULL AND given.expiration_date IS NOT NULL
"""
