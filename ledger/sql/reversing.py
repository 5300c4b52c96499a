"""What a reversal undoes, and what is in its way."""

# The opposite of what a document wrote and nobody has taken back yet, with the money that it moved: all of it, or the
# lines in %(lines)s.
STAGE_REVERSAL = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, amount,
                               undoes, unit_id, virtual, books)
    SELECT e.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, -e.quantity, -v.amount, e.id,
           e.unit_id, q.virtual, i.id IS NOT NULL
      FROM ledger_warehouseentry e
      JOIN warehouse_quant q ON q.id = e.quant_id
      LEFT JOIN ledger_itemledgerentry i ON i.register_id = e.register_id AND i.line = e.line
                                        AND i.location_id = q.location_id AND sign(i.quantity) = sign(e.quantity)
      LEFT JOIN ledger_valueentry v ON v.item_ledger_entry_id = i.id
     WHERE e.register_id = %(register)s AND (%(lines)s::int[] IS NULL OR e.line = ANY(%(lines)s))
       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
     ORDER BY e.id
"""

CREATE_LOOKS = """
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_look (
        quant_id bigint NOT NULL, entry bigint NOT NULL, number text, at timestamptz, by_id bigint)
        ON COMMIT DELETE ROWS;
    DELETE FROM posting_look
"""

# {source} is a compiled queryset of looks (ledger.looks).
STAGE_LOOKS = """
    INSERT INTO posting_look (quant_id, entry, number, at, by_id)
    SELECT * FROM ({source}) look (quant_id, entry, number, at, by_id)
     WHERE quant_id IN (SELECT quant_id FROM posting_stage)
"""

# Of a staged row `s` with a unit: whether entry `e` of that unit came later and still stands.
UNIT_STANDS = """e.unit_id = s.unit_id AND e.id > s.undoes AND e.register_id <> %(register)s AND e.undoes_id IS NULL
               AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
               AND NOT (SELECT q.virtual FROM warehouse_quant q WHERE q.id = e.quant_id)"""

# Whoever said how much there is after a document has put the books right: they no longer hold what it did. Where two
# people took the same lines back, the later of them is told so. A unit is looked at alone: what a count said of others
# in its quant settled nothing about this one, but nothing may have happened to it since that still stands. In an
# adjustment bin nobody looks.
CHECK_REVERSAL = f"""
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
      LEFT JOIN LATERAL (
           SELECT bool_or(e.effect = 'counted') AS counted, count(*) AS entries FROM ledger_warehouseentry e
            WHERE {UNIT_STANDS}) later ON s.unit_id IS NOT NULL
     CROSS JOIN LATERAL (VALUES
        (EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = s.undoes), 'undone'),
        (NOT s.virtual AND (
         EXISTS (SELECT 1 FROM posting_look look WHERE look.quant_id = s.quant_id AND look.entry >= s.undoes)
         OR later.counted
         OR EXISTS (SELECT 1 FROM ledger_warehouseentry e
                     WHERE s.unit_id IS NULL AND e.quant_id = s.quant_id AND e.id > s.undoes AND e.effect = 'counted'
                       AND e.register_id <> %(register)s
                       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id))),
         'settled_by_count'),
        (NOT s.virtual AND later.entries > 0 AND NOT later.counted, 'unit_moved_since')
     ) broken (so, code)
     WHERE broken.so
"""

# What is in the way of each faulty line of a reversal: the look that settled it, what went out last, what happened to
# its unit last, what undid it.
READ_BLOCKERS = f"""
    SELECT DISTINCT ON (wrong.line, wrong.code) wrong.line, wrong.code, blocker.number, blocker.at,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.username)
      FROM (SELECT DISTINCT line, code FROM posting_error) wrong
      JOIN posting_stage s ON s.line = wrong.line
     CROSS JOIN LATERAL (
           (SELECT r.number, r.posted_at AS at, r.by_id
              FROM ledger_warehouseentry later JOIN ledger_register r ON r.id = later.register_id
             WHERE wrong.code = 'settled_by_count' AND s.unit_id IS NULL AND later.quant_id = s.quant_id
               AND later.id > s.undoes
               AND later.effect = 'counted' AND later.register_id <> %(register)s
               AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = later.id)
             ORDER BY later.id LIMIT 1)
            UNION ALL
           (SELECT r.number, r.posted_at, r.by_id
              FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE wrong.code = 'settled_by_count' AND e.effect = 'counted' AND {UNIT_STANDS}
             ORDER BY e.id LIMIT 1)
            UNION ALL
           (SELECT r.number, r.posted_at, r.by_id
              FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE wrong.code = 'unit_moved_since' AND {UNIT_STANDS}
             ORDER BY e.id DESC LIMIT 1)
            UNION ALL
           SELECT look.number, look.at, look.by_id FROM posting_look look
            WHERE wrong.code = 'settled_by_count' AND look.quant_id = s.quant_id AND look.entry >= s.undoes
            UNION ALL
           (SELECT r.number, r.posted_at, r.by_id
              FROM ledger_warehouseentry later JOIN ledger_register r ON r.id = later.register_id
             WHERE wrong.code = 'not_enough' AND s.quantity < 0 AND later.quant_id = s.quant_id AND later.id > s.undoes
               AND later.quantity < 0
               AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = later.id)
             ORDER BY later.id DESC LIMIT 1)
            UNION ALL
           SELECT r.number, r.posted_at, r.by_id
             FROM ledger_warehouseentry undone JOIN ledger_register r ON r.id = undone.register_id
            WHERE wrong.code = 'undone' AND undone.undoes_id = s.undoes) blocker
      LEFT JOIN warehouse_user u ON u.id = blocker.by_id
     ORDER BY wrong.line, wrong.code, blocker.at
     LIMIT 1000
"""
