"""At directed locations: the adjustment bin takes the opposite of what happens in the other bins (SPEC 9)."""

# What names no bin comes in through the adjustment bin: the keys of the quants there. %(directed)s: locations.
WITHOUT_BIN = """
    (SELECT adjustment.id AS bin_id, s.item_id, s.variant_id, s.lot_id
       FROM posting_stage s
       JOIN warehouse_bin b ON b.id = s.bin_id AND b.kind = 'implicit'
       JOIN warehouse_bin adjustment ON adjustment.location_id = s.location_id AND adjustment.kind = 'adjustment') key
"""

# The keys of the quants that mirror what is staged
MIRRORS = """
    (SELECT adjustment.id AS bin_id, s.item_id, s.variant_id, s.lot_id
       FROM posting_stage s
       JOIN warehouse_bin adjustment ON adjustment.location_id = s.location_id AND adjustment.kind = 'adjustment') key
"""

PUT_INTO_ADJUSTMENT_BIN = """
    UPDATE posting_stage s SET quant_id = there.id, bin_id = there.bin_id, virtual = true
      FROM warehouse_bin b, warehouse_bin adjustment, warehouse_quant there
     WHERE b.id = s.bin_id AND b.kind = 'implicit' AND s.location_id = ANY(%(directed)s)
       AND adjustment.location_id = s.location_id AND adjustment.kind = 'adjustment'
       AND there.bin_id = adjustment.id AND there.item_id = s.item_id
       AND coalesce(there.variant_id, 0) = coalesce(s.variant_id, 0)
       AND coalesce(there.lot_id, 0) = coalesce(s.lot_id, 0)
"""

# %(in_adjustment_bin)s: a document that tells the item ledger alone. %(leaves_implicit)s: a conversion.
CHECK_PLACES = """
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
      JOIN warehouse_bin b ON b.id = s.bin_id
     CROSS JOIN LATERAL (VALUES
        (b.kind = 'implicit' AND NOT %(leaves_implicit)s, 'bin_needed'),
        (%(in_adjustment_bin)s AND b.kind NOT IN ('adjustment', 'implicit'), 'bin_of_directed')
     ) broken (so, code)
     WHERE s.location_id = ANY(%(directed)s) AND broken.so
"""

# What leaves the item ledger must be in it: goods that a count has found, and of which it has not heard yet, are not.
CHECK_OWNED = """
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, 'synchronise_first'
      FROM posting_stage s
      JOIN (SELECT location_id, item_id, coalesce(variant_id, 0) AS variant_id, sum(quantity) AS quantity
              FROM posting_stage GROUP BY location_id, item_id, coalesce(variant_id, 0)) change
        ON change.location_id = s.location_id AND change.item_id = s.item_id
       AND change.variant_id = coalesce(s.variant_id, 0)
      LEFT JOIN ledger_stockvalue v ON v.item_id = s.item_id AND v.location_id = s.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(s.variant_id, 0)
     WHERE s.location_id = ANY(%(directed)s) AND s.quantity < 0 AND s.books
       AND (coalesce(v.quantity, 0) + change.quantity < 0
            OR (SELECT sum(e.quantity) FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id
                 WHERE e.unit_id = s.unit_id AND q.virtual AND q.location_id = s.location_id) < 0)
       AND NOT EXISTS (SELECT 1 FROM posting_error e WHERE e.line = s.line AND e.code = 'not_enough')
"""

# Of a unit the item ledger has one or none, whatever lies in the adjustment bin: what was told of it is not taken back
# twice, nor once it was received somewhere else, and what comes from another location waits until that bin is empty.
CHECK_UNITS_OWNED = """
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
      JOIN warehouse_unit u ON u.id = s.unit_id
      LEFT JOIN warehouse_quant lies ON lies.id = u.quant_id AND lies.location_id = s.location_id
     CROSS JOIN LATERAL (SELECT coalesce(sum(e.quantity), 0) AS quantity
                           FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id
                          WHERE e.unit_id = s.unit_id AND q.virtual AND q.location_id = s.location_id) aside
     CROSS JOIN LATERAL (SELECT num_nonnulls(lies.id) + aside.quantity AS quantity) owned
     CROSS JOIN LATERAL (VALUES
        (s.virtual AND (s.quantity < 0 AND owned.quantity <> 1
                        OR s.quantity > 0 AND (owned.quantity <> 0 OR u.last_entry > s.undoes)), 'unit_not_owned'),
        (NOT s.virtual AND s.quantity > 0 AND aside.quantity <> 0, 'unit_not_synchronised')
     ) broken (so, code)
     WHERE s.location_id = ANY(%(directed)s) AND s.books AND broken.so
       AND NOT EXISTS (SELECT 1 FROM posting_error e WHERE e.line = s.line)
"""

MIRROR = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, unit_id,
                               virtual)
    SELECT s.line, there.id, s.location_id, there.bin_id, s.item_id, s.variant_id, s.lot_id, -s.quantity, s.unit_id,
           true
      FROM posting_stage s
      JOIN warehouse_bin adjustment ON adjustment.location_id = s.location_id AND adjustment.kind = 'adjustment'
      JOIN warehouse_quant there ON there.bin_id = adjustment.id AND there.item_id = s.item_id
       AND coalesce(there.variant_id, 0) = coalesce(s.variant_id, 0)
       AND coalesce(there.lot_id, 0) = coalesce(s.lot_id, 0)
     ORDER BY s.row_id
"""

# What comes in without the item ledger has its cost from what is there, and keeps it until that hears of it.
COST_NEW_UNITS = """
    UPDATE warehouse_unit u
       SET cost = CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 4) ELSE round(i.unit_cost, 4) END
      FROM posting_stage s
      JOIN warehouse_item i ON i.id = s.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = s.item_id AND v.location_id = s.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(s.variant_id, 0)
     WHERE u.id = s.unit_id AND s.quantity > 0 AND NOT s.virtual
       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry e WHERE e.unit_id = u.id)
"""

# What lies without a bin at one location: the keys of the quants in its adjustment bin. {location} is a key.
WITHOUT_BIN_AT = """
    (SELECT adjustment.id AS bin_id, q.item_id, q.variant_id, q.lot_id
       FROM warehouse_bin b
       JOIN warehouse_bin adjustment ON adjustment.location_id = b.location_id AND adjustment.kind = 'adjustment'
       JOIN warehouse_quant q ON q.bin_id = b.id AND q.quantity <> 0
      WHERE b.location_id = {location} AND b.kind = 'implicit') key
"""

# Both ends of each quantity, and of each unit, are one line.
STAGE_CONVERSION = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, unit_id,
                               virtual)
    SELECT its.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, its.quantity, its.unit_id,
           q.virtual
      FROM (SELECT row_number() OVER (ORDER BY q.id, u.id) AS line, q.id AS quant_id, there.id AS to_quant_id,
                   CASE WHEN u.id IS NULL THEN q.quantity ELSE 1 END AS quantity, u.id AS unit_id
              FROM warehouse_bin b
              JOIN warehouse_quant q ON q.bin_id = b.id AND q.quantity <> 0
              JOIN warehouse_bin adjustment ON adjustment.location_id = b.location_id AND adjustment.kind = 'adjustment'
              JOIN warehouse_quant there ON there.bin_id = adjustment.id AND there.item_id = q.item_id
               AND coalesce(there.variant_id, 0) = coalesce(q.variant_id, 0)
               AND coalesce(there.lot_id, 0) = coalesce(q.lot_id, 0)
              LEFT JOIN warehouse_unit u ON u.quant_id = q.id
             WHERE b.location_id = %(location)s AND b.kind = 'implicit') pair
     CROSS JOIN LATERAL (VALUES (pair.line, pair.quant_id, -pair.quantity, pair.unit_id),
                                (pair.line, pair.to_quant_id, pair.quantity, pair.unit_id))
                        its (line, quant_id, quantity, unit_id)
      JOIN warehouse_quant q ON q.id = its.quant_id
     ORDER BY its.line, its.quantity
"""

# What the item ledger has to hear, as lines: the opposite of what lies in adjustment bins, item, lot and unit apart.
# {quants} is a compiled queryset of quants; %(unit)s: one unit alone. Nothing is posted of what is blocked: it waits.
WAITING = """
    SELECT q.id AS quant_id, its.unit_id, -its.quantity AS quantity
      FROM (SELECT q.id AS quant_id, NULL::bigint AS unit_id, q.quantity
              FROM warehouse_quant q JOIN warehouse_item i ON i.id = q.item_id
             WHERE q.virtual AND q.quantity <> 0 AND i.tracking NOT IN ('serial', 'rfid') AND %(unit)s::bigint IS NULL
             UNION ALL
            SELECT e.quant_id, e.unit_id, sum(e.quantity)
              FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id AND q.virtual
             WHERE e.unit_id IS NOT NULL AND (%(unit)s::bigint IS NULL OR e.unit_id = %(unit)s)
             GROUP BY e.quant_id, e.unit_id HAVING sum(e.quantity) <> 0) its
      JOIN warehouse_quant q ON q.id = its.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN warehouse_itemvariant v ON v.id = q.variant_id
      LEFT JOIN warehouse_unit u ON u.id = its.unit_id
      LEFT JOIN warehouse_lot lot ON lot.id = coalesce(q.lot_id, u.lot_id)
     WHERE q.id IN ({quants})
       AND NOT (i.blocked OR coalesce(v.blocked, false) OR coalesce(u.blocked, false) OR coalesce(lot.blocked, false))
"""

STAGE_WAITING = f"""
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, unit_id,
                               virtual)
    SELECT row_number() OVER (ORDER BY q.id, waiting.unit_id), q.id, q.location_id, q.bin_id, q.item_id, q.variant_id,
           q.lot_id, waiting.quantity, waiting.unit_id, true
      FROM ({WAITING}) waiting JOIN warehouse_quant q ON q.id = waiting.quant_id
     ORDER BY q.id, waiting.unit_id
"""
