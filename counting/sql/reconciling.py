"""Reconciliation: rows for ledger.sql.reconciling.PROVE."""

# A line is open exactly as long as its session is.
LINES_AND_STATUS = """
    SELECT l.id AS line_id, s.status, l.open, l.open <> (s.status IN ('draft', 'counted')) AS broken
      FROM counting_countline l JOIN counting_countsession s ON s.id = l.session_id
     WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
"""

LINE_NAMED = """
    SELECT concat_ws(' ', s.number, i.number, lot.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN counting_countline l ON l.id = looked.line_id
      JOIN counting_countsession s ON s.id = l.session_id
      JOIN warehouse_quant q ON q.id = l.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
     WHERE looked.broken ORDER BY looked.line_id
"""

# What was posted for the units of completed sessions, quant by quant. A unit can come from a bin that was not counted.
UNITS_POSTED = """
    SELECT session_id, quant_id, sum(quantity) AS quantity
      FROM (SELECT session_id, from_quant_id AS quant_id, -1.0 AS quantity FROM counting_unitdifference WHERE posted
             UNION ALL
            SELECT session_id, to_quant_id, 1.0 FROM counting_unitdifference WHERE posted) its
     WHERE quant_id IS NOT NULL
     GROUP BY session_id, quant_id
"""

# What the lines of completed sessions say, and their units, and what their documents posted, adjustment and movements,
# quant by quant. The adjustment bin of a directed location takes the opposite and has no line.
ADJUSTMENTS_AND_ENTRIES = f"""
    SELECT coalesce(said.session_id, posted.session_id) AS session_id,
           coalesce(said.quant_id, posted.quant_id) AS quant_id,
           coalesce(said.quantity, 0) AS adjustment, coalesce(posted.quantity, 0) AS quantity,
           coalesce(said.quantity, 0) <> coalesce(posted.quantity, 0) AS broken
      FROM (SELECT l.session_id, l.quant_id, l.adjustment AS quantity
              FROM counting_countline l JOIN counting_countsession s ON s.id = l.session_id
             WHERE s.status = 'completed' AND l.adjustment IS NOT NULL AND NOT l.serialized
               AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
             UNION ALL
            SELECT its.session_id, its.quant_id, its.quantity
              FROM ({UNITS_POSTED}) its JOIN counting_countsession s ON s.id = its.session_id
             WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) said
      FULL JOIN (
            SELECT s.id AS session_id, e.quant_id, sum(e.quantity) AS quantity
              FROM counting_countsession s
              JOIN ledger_warehouseentry e ON e.register_id IN (s.adjustment_id, s.transfer_id)
              JOIN warehouse_quant q ON q.id = e.quant_id AND NOT q.virtual
             WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
             GROUP BY s.id, e.quant_id) posted
        ON posted.session_id = said.session_id AND posted.quant_id = said.quant_id
"""

# What a line of units says, and what was posted for its units.
LINES_AND_UNITS = f"""
    SELECT l.session_id, l.quant_id, coalesce(l.adjustment, 0) AS adjustment, coalesce(its.quantity, 0) AS quantity,
           coalesce(l.adjustment, 0) <> coalesce(its.quantity, 0) AS broken
      FROM counting_countline l
      JOIN counting_countsession s ON s.id = l.session_id AND s.status = 'completed'
      LEFT JOIN ({UNITS_POSTED}) its ON its.session_id = l.session_id AND its.quant_id = l.quant_id
     WHERE l.serialized AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
"""

# Each unit that was posted, and the entries of the documents of its session that carry it: out of one place, into
# another, or both.
UNITS_AND_ENTRIES = """
    SELECT coalesce(said.session_id, posted.session_id) AS session_id,
           coalesce(said.quant_id, posted.quant_id) AS quant_id, coalesce(said.unit_id, posted.unit_id) AS unit_id,
           coalesce(said.quantity, 0) AS adjustment, coalesce(posted.quantity, 0) AS quantity,
           said.quantity IS DISTINCT FROM posted.quantity AS broken
      FROM (SELECT d.session_id, its.quant_id, d.unit_id, its.quantity
              FROM counting_unitdifference d
              JOIN counting_countsession s ON s.id = d.session_id
             CROSS JOIN LATERAL (VALUES (d.from_quant_id, -1.0), (d.to_quant_id, 1.0)) its (quant_id, quantity)
             WHERE d.posted AND its.quant_id IS NOT NULL
               AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) said
      FULL JOIN (
            SELECT s.id AS session_id, e.quant_id, e.unit_id, e.quantity
              FROM counting_countsession s
              JOIN ledger_warehouseentry e ON e.register_id IN (s.adjustment_id, s.transfer_id)
               AND e.unit_id IS NOT NULL
              JOIN warehouse_quant q ON q.id = e.quant_id AND NOT q.virtual
             WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) posted
        ON posted.session_id = said.session_id AND posted.quant_id = said.quant_id AND posted.unit_id = said.unit_id
"""

ADJUSTED_NAMED = """
    SELECT concat_ws(' ', s.number, i.number, lot.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN counting_countsession s ON s.id = looked.session_id
      JOIN warehouse_quant q ON q.id = looked.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
     WHERE looked.broken ORDER BY looked.session_id, looked.quant_id
"""

UNIT_POSTED_NAMED = """
    SELECT concat_ws(' ', s.number, i.number, u.code, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN counting_countsession s ON s.id = looked.session_id
      JOIN warehouse_quant q ON q.id = looked.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_unit u ON u.id = looked.unit_id
     WHERE looked.broken ORDER BY looked.session_id, looked.quant_id, looked.unit_id
"""

# A document that a count posted belongs to one completed session, and says its number.
ADJUSTMENT_DOCUMENTS = """
    SELECT r.id AS register_id, r.number, r.source, s.number AS session, s.status,
           s.id IS NULL OR s.status <> 'completed' OR s.number <> r.source AS broken
      FROM ledger_register r LEFT JOIN counting_countsession s ON r.id IN (s.adjustment_id, s.transfer_id)
     WHERE r.kind IN ('quantity_adjustment', 'stock_transfer')
       AND (%(location)s::bigint IS NULL OR r.location_id = %(location)s)
"""

DOCUMENT_NAMED = """
    SELECT looked.number AS subject, looked.* FROM looked WHERE looked.broken ORDER BY looked.register_id
"""

# What is held, and what open counts guard (counting.guarding.GUARDING): the same, or something is forgotten.
HOLDS_AND_GUARDS = """
    SELECT coalesce(h.bin_id, g.bin_id) AS bin_id, coalesce(h.item_id, g.item_id) AS item_id,
           coalesce(h.held_by, g.number) AS held_by, h.held_by IS NOT NULL AS held, g.number IS NOT NULL AS guarded,
           h.held_by IS NULL OR g.number IS NULL AS broken
      FROM (SELECT h.* FROM warehouse_binhold h JOIN warehouse_bin b ON b.id = h.bin_id
             WHERE (%(location)s::bigint IS NULL OR b.location_id = %(location)s)) h
      FULL JOIN (
            SELECT DISTINCT q.bin_id, q.item_id, s.number
              FROM counting_countsession s
              JOIN counting_countline l ON l.session_id = s.id
              JOIN warehouse_quant q ON q.id = l.quant_id
             WHERE (s.guard = 'block' AND s.status IN ('draft', 'counted')
                    OR s.guard = 'freeze' AND s.status = 'counted')
               AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) g
        ON g.bin_id = h.bin_id AND g.item_id = h.item_id AND g.number = h.held_by
"""

HOLD_NAMED = """
    SELECT concat_ws(' ', i.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN warehouse_bin b ON b.id = looked.bin_id
      JOIN warehouse_item i ON i.id = looked.item_id
     WHERE looked.broken ORDER BY looked.bin_id, looked.item_id, looked.held_by
"""
