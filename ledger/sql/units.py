"""Units in a document: run only where its lines name some, so that quantities without units pay nothing for them."""

COPY_UNITS = "COPY posting_unit (line, unit_code, manufacturer_number, unit_lot_id) FROM STDIN"

NAME_UNITS = """
    UPDATE posting_line l
       SET unit_code = u.unit_code, manufacturer_number = u.manufacturer_number, unit_lot_id = u.unit_lot_id
      FROM posting_unit u WHERE u.line = l.line
"""

# What is wrong with the code of a unit, whoever it belongs to. Tags are written as their readers say them.
CHECK_CODES = """
    INSERT INTO posting_error (line, code)
    SELECT l.line, broken.code
      FROM posting_line l JOIN warehouse_item i ON i.id = l.item_id
     CROSS JOIN LATERAL (VALUES
        (i.tracking NOT IN ('serial', 'rfid'), 'unit_not_expected'),
        (i.tracking IN ('serial', 'rfid') AND %(absolute)s, 'item_serialized'),
        (length(l.unit_code) > 80 OR length(l.manufacturer_number) > 80
           OR i.tracking = 'rfid' AND l.unit_code !~ '^[0-9A-F]+$', 'unit_unusable')
     ) broken (so, code)
     WHERE l.unit_code <> '' AND broken.so
"""

FIND_UNITS = """
    UPDATE posting_line l SET unit_id = u.id FROM warehouse_unit u WHERE u.item_id = l.item_id AND u.code = l.unit_code
"""

# After FIND_UNITS. Of what comes in only codes are left that another unit has: a tag of another item, or another tag
# with the serial number of this item.
CHECK_FOUND = """
    INSERT INTO posting_error (line, code)
    SELECT l.line, CASE WHEN %(makes_units)s AND l.quantity > 0 THEN 'unit_taken' ELSE 'unit_unknown' END
      FROM posting_line l
     WHERE l.unit_code <> '' AND l.unit_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM posting_error e WHERE e.line = l.line)
"""

HAS_UNITS = "SELECT EXISTS (SELECT 1 FROM posting_stage WHERE unit_id IS NOT NULL)"

# In id order. A unit that is nowhere can be received at two locations at once.
LOCK_UNITS = """
    SELECT count(*) FROM (
        SELECT u.id FROM warehouse_unit u WHERE u.id IN (SELECT unit_id FROM posting_stage)
         ORDER BY u.id FOR NO KEY UPDATE) locked
"""

# What is wrong with the unit of a line as things stand under the lock. The end of a movement that brings a unit in is
# looked at by the end that takes it out. %(takes_released)s: whether this brings back what had left for good.
# %(mirrored)s: whether an adjustment bin takes the opposite; it may hold what the item ledger does not know is gone.
CHECK_UNITS = """
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
      JOIN warehouse_unit u ON u.id = s.unit_id
      JOIN warehouse_item i ON i.id = s.item_id
      JOIN (SELECT unit_id, min(line) <> max(line) AS twice, bool_or(quantity < 0) AS leaves
              FROM posting_stage WHERE unit_id IS NOT NULL GROUP BY unit_id) named ON named.unit_id = s.unit_id
     CROSS JOIN LATERAL (VALUES
        (i.tracking NOT IN ('serial', 'rfid'), 'unit_not_expected'),
        (named.twice, 'unit_twice'),
        (s.quantity IS NULL OR s.quantity NOT IN (1, -1), 'quantity_not_one'),
        (u.item_id <> s.item_id, 'unit_taken'),
        (u.variant_id IS DISTINCT FROM s.variant_id, 'unit_of_another_variant'),
        (s.quantity < 0 AND u.quant_id <> s.quant_id, 'unit_elsewhere'),
        (s.quantity < 0 AND u.state = 'detached', 'unit_detached'),
        (u.state = 'released' AND (s.quantity < 0 OR NOT named.leaves AND NOT %(takes_released)s), 'unit_released'),
        (s.quantity > 0 AND NOT named.leaves AND u.state = 'in_stock', 'unit_in_stock'),
        (s.quantity > 0 AND NOT named.leaves AND u.state <> 'in_stock' AND NOT %(mirrored)s
           AND (SELECT sum(e.quantity) FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id
                 WHERE e.unit_id = u.id AND q.virtual) > 0, 'unit_not_synchronised')
     ) broken (so, code)
     WHERE broken.so
"""

# Where the entries of a document have put its units, those in an adjustment bin apart: into the quant of the entry that
# brought them in, else nowhere. Goods that really left are released. A reversal that takes out what a mistake had
# brought in gives back the state of before: what the newest entry says that took the unit out and still stands. What
# comes in has cost what it was valued at: one update for all of it, because each writes every index of the unit anew.
WRITE_UNITS = """
    UPDATE warehouse_unit u
       SET quant_id = entry.quant_id, last_entry = entry.newest, cost = coalesce(valued.amount, u.cost),
           state = CASE WHEN entry.quant_id IS NOT NULL THEN 'in_stock'
                        WHEN before.effect = 'moved' THEN 'released' ELSE 'detached' END
      FROM (SELECT unit_id, max(quant_id) FILTER (WHERE quantity > 0) AS quant_id, max(id) AS newest,
                   min(undoes_id) AS undoes, %(effect)s AS effect
              FROM ledger_warehouseentry e
             WHERE register_id = %(register)s AND unit_id IS NOT NULL
               AND NOT (SELECT q.virtual FROM warehouse_quant q WHERE q.id = e.quant_id)
             GROUP BY unit_id) entry
      LEFT JOIN LATERAL (
           SELECT CASE WHEN entry.undoes IS NULL THEN entry.effect
                       ELSE (SELECT e.effect FROM ledger_warehouseentry e
                              WHERE e.unit_id = entry.unit_id AND e.id < entry.undoes AND e.undoes_id IS NULL
                                AND NOT (SELECT q.virtual FROM warehouse_quant q WHERE q.id = e.quant_id)
                                AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone
                                                 WHERE undone.undoes_id = e.id)
                              ORDER BY e.id DESC LIMIT 1) END AS effect) before ON entry.quant_id IS NULL
      LEFT JOIN posting_item valued ON valued.unit_id = entry.unit_id AND valued.quantity > 0
     WHERE u.id = entry.unit_id
"""

# What a receipt says of its units.
DESCRIBE_UNITS = """
    UPDATE warehouse_unit u
       SET manufacturer_number = coalesce(nullif(l.manufacturer_number, ''), u.manufacturer_number),
           lot_id = coalesce(l.unit_lot_id, u.lot_id)
      FROM posting_line l
     WHERE u.id = l.unit_id
       AND (l.manufacturer_number <> '' AND l.manufacturer_number <> u.manufacturer_number
            OR l.unit_lot_id IS DISTINCT FROM u.lot_id AND l.unit_lot_id IS NOT NULL)
"""

# Before VALUE_ENTRIES and WRITE_UNITS: a unit leaves at what it cost, and comes back at that if nothing else is said.
PRICE_UNITS = """
    UPDATE posting_stage s SET amount = CASE WHEN s.quantity < 0 THEN -u.cost ELSE u.cost END
      FROM warehouse_unit u
     WHERE u.id = s.unit_id
       AND (s.quantity < 0
            OR s.amount IS NULL AND s.unit_cost IS NULL AND u.last_entry <> 0
               AND NOT s.arrives)
"""

COST_UNITS = """
    UPDATE warehouse_unit u SET cost = i.amount FROM posting_item i
     WHERE u.id = i.unit_id AND i.quantity > 0 AND u.cost <> i.amount
"""

# Law 4, of the quants that a document touched.
BREACHES = """
    SELECT q.id, q.quantity, lying.units
      FROM (SELECT DISTINCT quant_id FROM posting_stage WHERE unit_id IS NOT NULL AND NOT virtual) touched
      JOIN warehouse_quant q ON q.id = touched.quant_id
     CROSS JOIN LATERAL (SELECT count(*) AS units FROM warehouse_unit u WHERE u.quant_id = q.id) lying
     WHERE q.quantity <> lying.units
     LIMIT 10
"""
