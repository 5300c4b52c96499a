"""What is wrong with a document, into `posting_error`, and what the sentences about it need."""

# What is wrong with the keys of a line, whatever lies where. %(to_location)s: where its `to_bin` is.
CHECK_KEYS = """
    INSERT INTO posting_error (line, code)
    SELECT l.line, broken.code
      FROM posting_line l
      LEFT JOIN warehouse_bin b ON b.id = l.bin_id
      LEFT JOIN warehouse_bin t ON t.id = l.to_bin_id
      LEFT JOIN warehouse_item i ON i.id = l.item_id
      LEFT JOIN warehouse_lot lot ON lot.id = coalesce(l.lot_id, l.unit_lot_id)
      LEFT JOIN warehouse_itemvariant v ON v.id = l.variant_id
     CROSS JOIN LATERAL (VALUES
        (b.id IS NULL OR b.location_id <> CASE WHEN l.arrives THEN %(to_location)s ELSE %(location)s END,
           'bin_elsewhere'),
        (b.kind = 'adjustment' AND NOT %(in_adjustment_bin)s OR t.kind = 'adjustment', 'adjustment_bin'),
        (b.kind = 'missing' AND NOT %(out_of_missing)s OR t.kind = 'missing', 'missing_bin'),
        (l.to_bin_id IS NOT NULL AND (t.id IS NULL OR t.location_id <> %(to_location)s), 'bin_elsewhere'),
        (l.to_bin_id = l.bin_id, 'same_bin'),
        ((l.to_bin_id IS NOT NULL) <> %(moves)s, 'needs_two_bins'),
        (l.to_bin_id IS NOT NULL AND l.quantity <= 0, 'wrong_sign'),
        (i.id IS NULL, 'item_unknown'),
        (i.tracking = 'lot' AND l.lot_id IS NULL, 'lot_missing'),
        (i.tracking <> 'lot' AND l.lot_id IS NOT NULL, 'lot_not_expected'),
        (coalesce(l.lot_id, l.unit_lot_id) IS NOT NULL AND lot.item_id IS DISTINCT FROM l.item_id,
           'lot_of_another_item'),
        (l.variant_id IS NOT NULL AND v.item_id IS DISTINCT FROM l.item_id, 'variant_of_another_item')
     ) broken (so, code)
     WHERE broken.so
"""

# A movement from quant to quant changes neither the item nor the lot nor the location, or the ledgers would disagree.
CHECK_PAIRS = """
    INSERT INTO posting_error (line, code)
    SELECT line, 'other_goods' FROM posting_stage
     GROUP BY line
    HAVING count(*) <> 2
        OR count(DISTINCT (item_id, coalesce(variant_id, 0), coalesce(lot_id, 0), location_id)) <> 1
"""

CHECK_TARGETS = """
    INSERT INTO posting_error (line, code)
    SELECT s.line, broken.code
      FROM posting_stage s
      JOIN warehouse_quant q ON q.id = s.quant_id
      JOIN (SELECT quant_id, count(*) AS lines FROM posting_stage GROUP BY quant_id) twice
        ON twice.quant_id = s.quant_id
     CROSS JOIN LATERAL (VALUES
        (s.seen_entry IS NOT NULL AND s.seen_entry <> q.last_entry, 'moved_meanwhile'),
        (s.quantity < 0, 'quantity_negative'),
        (twice.lines > 1, 'quant_twice')
     ) broken (so, code)
     WHERE broken.so
"""

# Of changes that somebody worked out from what they saw.
CHECK_SEEN = """
    INSERT INTO posting_error (line, code)
    SELECT s.line, 'moved_meanwhile' FROM posting_stage s
      JOIN warehouse_quant q ON q.id = s.quant_id
     WHERE s.seen_entry <> q.last_entry
"""

# A hold lets its holder's documents through; two holders of one item in one bin let each other through.
NOT_HELD_BY_ITSELF = """NOT EXISTS (SELECT 1 FROM warehouse_binhold own
                     WHERE own.bin_id = s.bin_id AND own.item_id = s.item_id AND own.held_by = %(source)s)"""

# Where nothing may go in (1) or out (-1). Few rows, found by partial indexes and hashed once: each line of a document
# pays a look-up, and where nothing is blocked nearly nothing.
WAYS = """CROSS JOIN (VALUES (1::numeric, 'inbound'), (-1, 'outbound')) way (sign, name)
                                        WHERE block_movement <> '' AND block_movement IN (way.name, 'all')"""
BIN_BLOCKED = f"(s.bin_id, sign(s.quantity)) IN (SELECT id, way.sign FROM warehouse_bin {WAYS})"
CONTENT_BLOCKED = f"""(s.bin_id, s.item_id, coalesce(s.variant_id, 0), sign(s.quantity)) IN
           (SELECT bin_id, item_id, coalesce(variant_id, 0), way.sign FROM warehouse_bincontent {WAYS})"""

# What is wrong with a line as things stand under the lock. %(sign)s: the sign that the kind of document demands, 0 any.
CHECK_STOCK = f"""
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
      JOIN warehouse_item i ON i.id = s.item_id
      JOIN warehouse_quant q ON q.id = s.quant_id
      JOIN (SELECT quant_id, sum(quantity) AS quantity FROM posting_stage GROUP BY quant_id) change
        ON change.quant_id = s.quant_id
      LEFT JOIN warehouse_binhold h ON h.bin_id = s.bin_id AND h.item_id = s.item_id AND h.held_by <> %(source)s
                                   AND NOT %(override)s
     CROSS JOIN LATERAL (VALUES
        (s.quantity IS NULL OR s.quantity IN ('NaN', 'Infinity', '-Infinity') OR abs(s.quantity) >= 1e13
           OR s.quantity <> round(s.quantity, 5), 'quantity_unusable'),
        (s.unit_cost IS NOT NULL AND (s.unit_cost IN ('NaN', 'Infinity') OR s.unit_cost < 0 OR s.unit_cost >= 1e12),
           'cost_unusable'),
        (%(sign)s <> 0 AND s.quantity <> 'NaN' AND sign(s.quantity) <> %(sign)s, 'wrong_sign'),
        (abs(s.quantity) < 1e13 AND (q.quantity + s.quantity >= 1e13
           OR s.unit_cost < 1e12 AND abs(s.quantity * s.unit_cost) >= 1e14), 'too_much'),
        (i.blocked, 'item_blocked'),
        (s.variant_id IN (SELECT id FROM warehouse_itemvariant WHERE blocked), 'variant_blocked'),
        (s.lot_id IN (SELECT id FROM warehouse_lot WHERE blocked)
           OR s.unit_id IN (SELECT made.id FROM warehouse_lot b JOIN warehouse_unit made ON made.lot_id = b.id
                             WHERE b.blocked), 'lot_blocked'),
        (s.unit_id IN (SELECT id FROM warehouse_unit WHERE blocked), 'unit_blocked'),
        ({BIN_BLOCKED}, CASE WHEN s.quantity > 0 THEN 'bin_blocked_inbound' ELSE 'bin_blocked_outbound' END),
        ({CONTENT_BLOCKED},
           CASE WHEN s.quantity > 0 THEN 'content_blocked_inbound' ELSE 'content_blocked_outbound' END),
        (s.unit_id IS NULL AND i.tracking IN ('serial', 'rfid'), %(without_unit)s),
        (h.id IS NOT NULL AND {NOT_HELD_BY_ITSELF}, 'held'),
        (s.quantity < 0 AND NOT q.virtual AND q.quantity + change.quantity < 0
           AND i.tracking NOT IN ('serial', 'rfid'), 'not_enough')
     ) broken (so, code)
     WHERE broken.so
"""

# Who holds what a document is about that goes through all the same.
HOLDERS = """
    SELECT h.held_by, count(DISTINCT s.line)
      FROM posting_stage s
      JOIN warehouse_binhold h ON h.bin_id = s.bin_id AND h.item_id = s.item_id
     GROUP BY h.held_by HAVING h.held_by <> %(source)s
     ORDER BY h.held_by
"""

HELD_BY_OTHERS = f"""EXISTS (SELECT 1 FROM warehouse_binhold h WHERE h.bin_id = s.bin_id AND h.item_id = s.item_id)
                  AND {NOT_HELD_BY_ITSELF}"""

# What the sentences about the first faulty lines need; of a movement the end that the error is about.
READ_ERRORS = f"""
    SELECT e.line, e.code, i.number, i.name, b.code, lot.number, s.quantity, q.quantity,
           CASE WHEN e.code = 'held'
                THEN ARRAY(SELECT h.held_by FROM warehouse_binhold h
                            WHERE h.bin_id = b.id AND h.item_id = i.id ORDER BY h.held_by) END,
           coalesce(u.code, l.unit_code), lies.code, lies.location_id
      FROM (SELECT DISTINCT line, code FROM posting_error) e
      LEFT JOIN LATERAL (SELECT bin_id, item_id, lot_id, quant_id, quantity, unit_id FROM posting_stage s
                          WHERE s.line = e.line
                          ORDER BY e.code = 'held' AND NOT ({HELD_BY_OTHERS}),
                                   CASE WHEN right(e.code, 8) = '_inbound' THEN -s.quantity ELSE s.quantity END
                          LIMIT 1) s ON true
      LEFT JOIN posting_line l ON l.line = e.line
      LEFT JOIN warehouse_item i ON i.id = coalesce(s.item_id, l.item_id)
      LEFT JOIN warehouse_bin b ON b.id = coalesce(s.bin_id, l.bin_id)
      LEFT JOIN warehouse_lot lot ON lot.id = coalesce(s.lot_id, l.lot_id)
      LEFT JOIN warehouse_quant q ON q.id = s.quant_id
      LEFT JOIN warehouse_unit u ON u.id = coalesce(s.unit_id, l.unit_id)
      LEFT JOIN warehouse_quant place ON place.id = u.quant_id
      LEFT JOIN warehouse_bin lies ON lies.id = place.bin_id
     ORDER BY e.line, e.code
     LIMIT 1000
"""
