"""What of a count is blocked. Always from what is blocked, which is little, to the lines: mostly there is nothing."""

from counting.sql.adjusting import ADJUSTMENT_AT_REST
from ledger.sql.checking import WAYS

NOT_BLOCKED = """NOT i.blocked
       AND (q.variant_id IS NULL OR q.variant_id NOT IN (SELECT id FROM warehouse_itemvariant WHERE blocked))
       AND (q.lot_id IS NULL OR q.lot_id NOT IN (SELECT id FROM warehouse_lot WHERE blocked))"""

UNIT_BLOCKED = """u.id IN (SELECT id FROM warehouse_unit WHERE blocked
                    UNION SELECT made.id FROM warehouse_lot lot JOIN warehouse_unit made ON made.lot_id = lot.id
                     WHERE lot.blocked)"""

BLOCKED_QUANTS = """
    SELECT q.id, q.location_id, 'item_blocked' AS code, i.id AS what
      FROM warehouse_item i JOIN warehouse_quant q ON q.item_id = i.id WHERE i.blocked
     UNION ALL
    SELECT q.id, q.location_id, 'variant_blocked', v.id
      FROM warehouse_itemvariant v JOIN warehouse_quant q ON q.variant_id = v.id WHERE v.blocked
     UNION ALL
    SELECT q.id, q.location_id, 'lot_blocked', lot.id
      FROM warehouse_lot lot JOIN warehouse_quant q ON q.lot_id = lot.id WHERE lot.blocked
"""

# After the snapshot: what of the scope has no line, and which units of its lines are to be left alone, as long as no
# reviewer says otherwise. {scope} is a compiled queryset of quant ids.
SKIP_BLOCKED = f"""
    WITH unit AS (
        INSERT INTO counting_unitdecision (session_id, item_id, code, post, by_id, at)
        SELECT %(session)s, u.item_id, u.code, false, %(by)s, %(at)s
          FROM warehouse_unit u
          JOIN counting_countline l ON l.quant_id = u.quant_id AND l.open AND l.session_id = %(session)s
         WHERE {UNIT_BLOCKED}
            ON CONFLICT DO NOTHING
        RETURNING 1)
    SELECT count(DISTINCT what) FILTER (WHERE code = 'item_blocked'),
           count(DISTINCT what) FILTER (WHERE code = 'variant_blocked'),
           count(DISTINCT what) FILTER (WHERE code = 'lot_blocked'),
           (SELECT count(*) FROM unit)
      FROM ({BLOCKED_QUANTS}) blocked
     WHERE location_id = %(location)s AND id IN ({{scope}})
"""

# Counted lines of what nothing can be posted of.
BLOCKED_LINES = f"""
    SELECT l.id, blocked.code, q.quantity, l.adjustment
      FROM ({BLOCKED_QUANTS}) blocked
      JOIN counting_countline l ON l.quant_id = blocked.id AND l.session_id = %(session)s
      JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE l.counted_quantity IS NOT NULL AND l.decision <> 'left_out'
"""

# Lines whose adjustment would go a way that is blocked. Before they are closed, of those alone that stock has not moved
# under: what the others come to, closing says. Of serialized lines posting says it, unit by unit.
LINES_AGAINST_A_BLOCK = f"""
    SELECT l.id, blocked.code || CASE WHEN blocked.sign > 0 THEN '_inbound' ELSE '_outbound' END, q.quantity,
           l.adjustment
      FROM (SELECT q.id, 'bin_blocked' AS code, its.sign
              FROM (SELECT id, way.sign FROM warehouse_bin {WAYS}) its
              JOIN warehouse_quant q ON q.bin_id = its.id
             UNION ALL
            SELECT q.id, 'content_blocked', its.sign
              FROM (SELECT bin_id, item_id, variant_id, way.sign FROM warehouse_bincontent {WAYS}) its
              JOIN warehouse_quant q ON q.bin_id = its.bin_id AND q.item_id = its.item_id
               AND q.variant_id IS NOT DISTINCT FROM its.variant_id) blocked
      JOIN counting_countline l ON l.quant_id = blocked.id AND l.session_id = %(session)s AND NOT l.serialized
      JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE sign(CASE WHEN NOT l.open THEN l.adjustment
                     WHEN l.watermark = q.last_entry THEN {ADJUSTMENT_AT_REST} END) = blocked.sign
"""
