"""What may explain a discrepancy: movements, the books of then, hints (counting.hints)."""

# What was posted at the quants of these lines: since the opening up to the count (the newest of it), and within a while
# after the count (the earliest of it). The ORM cannot limit rows for each line; a quant can have years of entries.
MOVEMENTS = """
    SELECT l.id, e.id, EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
      FROM counting_countline l
     CROSS JOIN LATERAL (
           (SELECT e.id, e.register_id FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE e.quant_id = l.quant_id AND r.posted_at > %(opened_at)s
               AND e.id <= coalesce(l.watermark, 9223372036854775807)
             ORDER BY e.id DESC LIMIT %(limit)s)
            UNION ALL
           (SELECT e.id, e.register_id FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE e.quant_id = l.quant_id AND e.id > l.watermark AND r.posted_at <= l.counted_at + %(late)s
             ORDER BY e.id LIMIT %(limit)s)) e
     WHERE l.id = ANY(%(lines)s)
     ORDER BY e.id
"""

# What the book of a quant said at some moments: what it says now, less what came since.
BOOKS_AT = """
    SELECT moment.at, q.quantity - coalesce(sum(e.quantity), 0)
      FROM unnest(%(moments)s::timestamptz[]) moment (at)
      JOIN warehouse_quant q ON q.id = %(quant)s
      LEFT JOIN (ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id)
             ON e.quant_id = q.id AND r.posted_at > moment.at
     GROUP BY moment.at, q.quantity
"""

# Hints (counting.hints). Lines of the same item that are off the other way: in another bin of this count or, as posted
# by another one lately, in another bin of the location; of another lot or variant by as much in the same bin.
SAME_ITEM_ELSEWHERE = """
    SELECT l.id, other.*
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
     CROSS JOIN LATERAL (
           SELECT bin.code, coalesce(lot.number, v.code, ''), seen.off, n.bin_id <> q.bin_id AS same_goods, seen.session
             FROM warehouse_quant n
             JOIN warehouse_bin bin ON bin.id = n.bin_id
             LEFT JOIN warehouse_lot lot ON lot.id = n.lot_id
             LEFT JOIN warehouse_itemvariant v ON v.id = n.variant_id
            CROSS JOIN LATERAL (
                  SELECT o.discrepancy AS off, '' AS session
                    FROM counting_countline o
                   WHERE o.quant_id = n.id AND o.open AND o.session_id = l.session_id AND NOT o.recount_asked
                   UNION ALL
                  (SELECT e.quantity, r.source
                     FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                    WHERE e.quant_id = n.id AND r.kind = 'quantity_adjustment' AND r.posted_at >= %(since)s
                      AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
                    ORDER BY e.id DESC LIMIT 1)) seen
            WHERE n.item_id = q.item_id AND n.location_id = q.location_id AND n.id <> q.id
              AND sign(seen.off) = -sign(l.discrepancy)
              AND CASE WHEN n.bin_id = q.bin_id THEN seen.off = -l.discrepancy AND seen.session = ''
                       ELSE n.variant_id IS NOT DISTINCT FROM q.variant_id
                        AND n.lot_id IS NOT DISTINCT FROM q.lot_id END
            ORDER BY abs(seen.off + l.discrepancy), seen.session, n.id
            LIMIT 2) other
     WHERE l.id = ANY(%(lines)s)
     ORDER BY l.id
"""

# Documents that the book of a line holds, and that moved exactly as much as its discrepancy undoes.
DOCUMENTS_OF_THAT_MUCH = """
    SELECT l.id, posted.*
      FROM counting_countline l
     CROSS JOIN LATERAL (
           SELECT r.number, r.kind, e.quantity, r.posted_at
             FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
            WHERE e.quant_id = l.quant_id AND e.id <= l.watermark AND e.effect = 'moved'
              AND e.quantity = -l.discrepancy AND r.posted_at >= %(since)s
              AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
            ORDER BY e.id DESC LIMIT 3) posted
     WHERE l.id = ANY(%(lines)s)
     ORDER BY l.id, posted.posted_at
"""

# The bin before on the way, where the same person said the same figure. Small figures are the same by chance, unless it
# is the same item.
SAME_FIGURE_BEFORE = """
    SELECT DISTINCT l.id, before.code
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
      JOIN warehouse_bin b ON b.id = q.bin_id
     CROSS JOIN LATERAL (
           SELECT p.id, p.code FROM warehouse_bin p
            WHERE p.location_id = b.location_id AND (p.walking_order, p.code) < (b.walking_order, b.code)
            ORDER BY p.walking_order DESC, p.code DESC LIMIT 1) before
      JOIN warehouse_quant n ON n.bin_id = before.id
      JOIN counting_countline o ON o.quant_id = n.id AND o.open AND o.session_id = l.session_id
     WHERE l.id = ANY(%(lines)s) AND o.counted_quantity = l.counted_quantity AND o.counted_by_id = l.counted_by_id
       AND l.counted_quantity > 0 AND (l.counted_quantity >= %(small)s OR n.item_id = q.item_id)
"""

# Scans that were put aside and belong to the bin and the item of a line.
PUT_ASIDE_FOR = """
    SELECT DISTINCT l.id, p.code
      FROM counting_putaside p
      JOIN warehouse_quant q ON q.bin_id = p.belongs_in_id
      JOIN counting_countline l ON l.quant_id = q.id AND l.id = ANY(%(lines)s)
      JOIN warehouse_item i ON i.id = q.item_id
     WHERE p.session_id = %(session)s AND p.settled_at IS NULL
       AND (i.number = p.code
            OR EXISTS (SELECT 1 FROM warehouse_itemreference r WHERE r.item_id = i.id AND r.code = p.code))
"""
