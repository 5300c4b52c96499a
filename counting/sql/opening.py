"""Opening: the lines of a scope, as the books say it in one moment, and what is held for them."""

from counting.sql.blocking import NOT_BLOCKED


def as_named(quants) -> tuple[str, dict]:
    """A queryset of quants as the SQL of their keys: its parameters stand by position, ours by name, so they are named
    too."""
    scope, params = quants.order_by().values("pk").query.sql_with_params()
    named = {f"scope_{position}": value for position, value in enumerate(params)}
    return scope % tuple(f"%({name})s" for name in named), named


# {scope} is a compiled queryset of quant ids. One statement, so that all lines see the same moment; in the order of
# the quants, so that two overlapping openings do not wait for each other in a circle. What another open session
# holds stays with it.
OPEN_LINES = f"""
    INSERT INTO counting_countline (session_id, quant_id, open, found, serialized, system_quantity, unit_cost,
                                    disturbed, round, recount_asked, decision, note, verified, superseded)
    SELECT %(session)s, q.id, true, false, i.tracking IN ('serial', 'rfid'), q.quantity,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END,
           false, %(round)s, false, 'open', '', false, false
      FROM warehouse_quant q
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
     WHERE q.id IN ({{scope}})
       AND {NOT_BLOCKED}
     ORDER BY q.id
        ON CONFLICT DO NOTHING
"""

ADD_FOUND_LINES = """
    WITH session AS (SELECT id, round FROM counting_countsession
                      WHERE id = %(session)s AND status = 'draft' FOR SHARE)
    INSERT INTO counting_countline (session_id, quant_id, open, found, serialized, system_quantity, unit_cost,
                                    disturbed, round, recount_asked, decision, note, verified, superseded)
    SELECT session.id, q.id, true, true, i.tracking IN ('serial', 'rfid'), q.quantity,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END,
           false, session.round, false, 'open', '', false, false
      FROM session, warehouse_quant q
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
     WHERE q.id = ANY(%(quants)s)
     ORDER BY q.id
        ON CONFLICT DO NOTHING
    RETURNING id
"""

# The scope of a spreadsheet: whole bins, items wherever goods are kept, items in bins. Arrays, because such a list
# can have more rows than a statement can have parameters.
QUANTS_LISTED = """
    SELECT id FROM warehouse_quant WHERE bin_id = ANY(%s::bigint[])
     UNION
    SELECT q.id FROM warehouse_quant q JOIN warehouse_bin b ON b.id = q.bin_id
     WHERE q.item_id = ANY(%s::bigint[]) AND b.kind IN ('storage', 'implicit')
     UNION
    SELECT q.id FROM unnest(%s::bigint[], %s::bigint[]) AS pair (bin_id, item_id)
      JOIN warehouse_quant q ON q.bin_id = pair.bin_id AND q.item_id = pair.item_id
"""

REFRESH_SYSTEM = """
    UPDATE counting_countline l SET system_quantity = book.quantity, unit_cost = book.unit_cost
      FROM (SELECT q.id, q.quantity,
                   CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END AS unit_cost
              FROM counting_countline mine
              JOIN warehouse_quant q ON q.id = mine.quant_id
              JOIN warehouse_item i ON i.id = q.item_id
              LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                           AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
             WHERE mine.session_id = %(session)s) book
     WHERE l.session_id = %(session)s AND l.quant_id = book.id AND l.open
       AND (l.system_quantity <> book.quantity OR l.unit_cost <> book.unit_cost)
"""

# {lines} is a compiled queryset of line ids. In the order of the key, as everywhere.
HOLD_LINES = """
    INSERT INTO warehouse_binhold (bin_id, item_id, held_by)
    SELECT DISTINCT q.bin_id, q.item_id, s.number
      FROM counting_countline l
      JOIN counting_countsession s ON s.id = l.session_id
      JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE l.id IN ({lines})
     ORDER BY q.bin_id, q.item_id
        ON CONFLICT DO NOTHING
"""
