"""Reconciliation (ledger.reconciliation, counting.reconciliation): what proves the laws."""

# Every proof is one statement, so that it sees one
# moment of a warehouse that goes on working. {looked} are the rows that a law is about, each with `broken`; {named}
# gives the first broken ones their names. %(location)s narrows to one location; NULL: all.
PROVE = """
    WITH looked AS MATERIALIZED ({looked}),
    total AS (SELECT count(*) AS looked_at, count(*) FILTER (WHERE broken) AS broken FROM looked)
    SELECT total.looked_at, total.broken AS total, found.*
      FROM total LEFT JOIN LATERAL ({named} LIMIT 20) found ON true
"""

AT = "(%(location)s::bigint IS NULL OR {column} = %(location)s)"

QUANT_NAMED = """
    SELECT concat_ws(' ', i.number, i.name, v.code, lot.number, 'in', b.code, p.code) AS subject, looked.*
      FROM looked
      LEFT JOIN warehouse_quant q ON q.id = looked.quant_id
      LEFT JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN warehouse_itemvariant v ON v.id = q.variant_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
      LEFT JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_location p ON p.id = q.location_id
     WHERE looked.broken ORDER BY looked.quant_id
"""

QUANTS_AND_ENTRIES = f"""
    SELECT coalesce(q.id, e.quant_id) AS quant_id, q.quantity AS quantity, q.last_entry,
           coalesce(e.quantity, 0) AS summed, coalesce(e.newest, 0) AS newest,
           q.quantity IS DISTINCT FROM coalesce(e.quantity, 0)
        OR q.last_entry IS DISTINCT FROM coalesce(e.newest, 0) AS broken
      FROM warehouse_quant q
      FULL JOIN (SELECT quant_id, sum(quantity) AS quantity, max(id) AS newest
                   FROM ledger_warehouseentry GROUP BY quant_id) e ON e.quant_id = q.id
     WHERE {AT.format(column="q.location_id")}
"""

LEDGERS_SIDE_BY_SIDE = f"""
    SELECT item_id, variant_id, location_id, lot_id, coalesce(owned.quantity, 0) AS owned,
           coalesce(lying.quantity, 0) AS lying,
           coalesce(owned.quantity, 0) <> coalesce(lying.quantity, 0) AS broken
      FROM (SELECT item_id, coalesce(variant_id, 0) AS variant_id, location_id, coalesce(lot_id, 0) AS lot_id,
                   sum(quantity) AS quantity
              FROM ledger_itemledgerentry WHERE {AT.format(column="location_id")}
             GROUP BY item_id, coalesce(variant_id, 0), location_id, coalesce(lot_id, 0)) owned
      FULL JOIN (
            SELECT q.item_id, coalesce(q.variant_id, 0) AS variant_id, q.location_id, coalesce(q.lot_id, 0) AS lot_id,
                   sum(e.quantity) AS quantity
              FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id
             WHERE {AT.format(column="q.location_id")}
             GROUP BY q.item_id, coalesce(q.variant_id, 0), q.location_id, coalesce(q.lot_id, 0)) lying
     USING (item_id, variant_id, location_id, lot_id)
"""

STOCK_NAMED = """
    SELECT concat_ws(' ', i.number, i.name, v.code, lot.number, 'at', p.code) AS subject, looked.*
      FROM looked
      LEFT JOIN warehouse_item i ON i.id = looked.item_id
      LEFT JOIN warehouse_itemvariant v ON v.id = looked.variant_id
      LEFT JOIN warehouse_lot lot ON lot.id = looked.lot_id
      LEFT JOIN warehouse_location p ON p.id = looked.location_id
     WHERE looked.broken ORDER BY looked.item_id, looked.location_id
"""

QUANTS_AND_BINS = f"""
    SELECT q.id AS quant_id, q.quantity,
           (q.quantity < 0 AND NOT b.virtual) OR q.virtual <> b.virtual OR q.location_id <> b.location_id AS broken
      FROM warehouse_quant q JOIN warehouse_bin b ON b.id = q.bin_id
     WHERE {AT.format(column="q.location_id")}
"""

QUANTS_AND_UNITS = f"""
    SELECT q.id AS quant_id, q.quantity, coalesce(lying.units, 0) AS units,
           CASE WHEN q.virtual THEN lying.units > 0 ELSE q.quantity <> coalesce(lying.units, 0) END AS broken
      FROM warehouse_quant q
      JOIN warehouse_item i ON i.id = q.item_id AND i.tracking IN ('serial', 'rfid')
      LEFT JOIN (SELECT quant_id, count(*) AS units FROM warehouse_unit GROUP BY quant_id) lying
        ON lying.quant_id = q.id
     WHERE {AT.format(column="q.location_id")}
"""

# Adjustment bins apart: a unit in stock lies in the quant into which its entries put it, one of its own item and
# variant; every other unit has left wherever it was. `lies_in`: the quants in which its entries leave anything.
UNITS_AND_ENTRIES = """
    SELECT coalesce(u.id, e.unit_id) AS unit_id, u.state, u.quant_id, u.last_entry, coalesce(e.newest, 0) AS newest,
           coalesce(e.summed, 0) AS summed, e.lies_in::text AS lies_in,
           u.id IS NULL OR u.last_entry <> coalesce(e.newest, 0)
        OR (u.state = 'in_stock') <> (u.quant_id IS NOT NULL)
        OR coalesce(e.lies_in, '{}') <> CASE WHEN u.quant_id IS NULL THEN '{}' ELSE ARRAY[u.quant_id] END
        OR coalesce(e.summed, 0) <> CASE WHEN u.quant_id IS NULL THEN 0 ELSE 1 END
        OR u.quant_id IS NOT NULL AND (q.item_id, coalesce(q.variant_id, 0)) IS DISTINCT FROM
                                      (u.item_id, coalesce(u.variant_id, 0)) AS broken
      FROM warehouse_unit u
      FULL JOIN (SELECT unit_id, max(newest) AS newest, sum(quantity) AS summed, bool_or(here) AS here,
                        coalesce(array_agg(quant_id) FILTER (WHERE quantity <> 0), '{}') AS lies_in
                   FROM (SELECT e.unit_id, e.quant_id, sum(e.quantity) AS quantity, max(e.id) AS newest,
                                bool_or(q.location_id = %(location)s) AS here
                           FROM ledger_warehouseentry e
                           JOIN warehouse_quant q ON q.id = e.quant_id AND NOT q.virtual
                          WHERE e.unit_id IS NOT NULL GROUP BY e.unit_id, e.quant_id) place
                  GROUP BY unit_id) e ON e.unit_id = u.id
      LEFT JOIN warehouse_quant q ON q.id = u.quant_id
     WHERE %(location)s::bigint IS NULL OR q.location_id = %(location)s OR e.here
"""

UNIT_NAMED = """
    SELECT concat_ws(' ', i.number, i.name, coalesce(u.code, looked.unit_id::text)) AS subject, looked.*
      FROM looked
      LEFT JOIN warehouse_unit u ON u.id = looked.unit_id
      LEFT JOIN warehouse_item i ON i.id = u.item_id
     WHERE looked.broken ORDER BY looked.unit_id
"""

# In both ledgers: whether an entry carries a unit where it should, and one piece of it.
ENTRIES_AND_UNITS = f"""
    SELECT e.entry, e.register_id, e.quantity, e.unit_id, e.ledger,
           (i.tracking IN ('serial', 'rfid')) <> (e.unit_id IS NOT NULL)
        OR e.unit_id IS NOT NULL AND (abs(e.quantity) <> 1 OR u.item_id IS DISTINCT FROM e.item_id) AS broken
      FROM (SELECT e.id AS entry, e.register_id, e.quantity, e.unit_id, q.item_id, q.location_id, 'warehouse' AS ledger
              FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id
             UNION ALL
            SELECT id, register_id, quantity, unit_id, item_id, location_id, 'item' FROM ledger_itemledgerentry) e
      JOIN warehouse_item i ON i.id = e.item_id
      LEFT JOIN warehouse_unit u ON u.id = e.unit_id
     WHERE {AT.format(column="e.location_id")}
"""

# In an adjustment bin entries carry units, and none lies there: of each the item ledger has one too many, one too few,
# or as many as lie in bins.
UNITS_IN_ADJUSTMENT_BINS = f"""
    SELECT e.unit_id, sum(e.quantity) AS quantity, sum(e.quantity) NOT IN (-1, 0, 1) AS broken
      FROM ledger_warehouseentry e JOIN warehouse_quant q ON q.id = e.quant_id AND q.virtual
     WHERE e.unit_id IS NOT NULL AND {AT.format(column="q.location_id")}
     GROUP BY e.unit_id, q.location_id
"""

# The units that the item ledger owns: those that lie in bins, with those that an adjustment bin has too many of.
VALUES_AND_UNITS = f"""
    SELECT item_id, variant_id, location_id, NULL::bigint AS lot_id, coalesce(kept.value, 0) AS value,
           coalesce(lying.cost, 0) AS cost, coalesce(kept.value, 0) <> coalesce(lying.cost, 0) AS broken
      FROM (SELECT v.item_id, coalesce(v.variant_id, 0) AS variant_id, v.location_id, v.value
              FROM ledger_stockvalue v
              JOIN warehouse_item i ON i.id = v.item_id AND i.tracking IN ('serial', 'rfid')
             WHERE {AT.format(column="v.location_id")}) kept
      FULL JOIN (
            SELECT q.item_id, coalesce(q.variant_id, 0) AS variant_id, q.location_id, sum(its.number * u.cost) AS cost
              FROM (SELECT id AS unit_id, quant_id, 1 AS number FROM warehouse_unit
                     UNION ALL
                    SELECT e.unit_id, e.quant_id, e.quantity
                      FROM ledger_warehouseentry e JOIN warehouse_quant adjusting ON adjusting.id = e.quant_id
                     WHERE e.unit_id IS NOT NULL AND adjusting.virtual) its
              JOIN warehouse_unit u ON u.id = its.unit_id
              JOIN warehouse_quant q ON q.id = its.quant_id
             WHERE {AT.format(column="q.location_id")}
             GROUP BY q.item_id, coalesce(q.variant_id, 0), q.location_id) lying
     USING (item_id, variant_id, location_id)
"""

# A document has warehouse entries, all its entries have its effect, and none is without a document: what a delete or an
# update would betray, had it passed the triggers.
REGISTERS_AND_ENTRIES = f"""
    SELECT coalesce(r.id, e.register_id) AS register_id, coalesce(e.entries, 0) AS entries, r.effect, e.least, e.most,
           r.id IS NULL OR coalesce(e.entries, 0) = 0 OR e.least <> r.effect OR e.most <> r.effect AS broken
      FROM ledger_register r
      FULL JOIN (SELECT register_id, sum(one) AS entries, min(effect) AS least, max(effect) AS most
                   FROM (SELECT register_id, effect, 1 AS one FROM ledger_warehouseentry
                          UNION ALL
                         SELECT register_id, effect, 0 FROM ledger_itemledgerentry) entry
                  GROUP BY register_id) e ON e.register_id = r.id
     WHERE {AT.format(column="r.location_id")} OR r.other_location_id = %(location)s
"""

REGISTER_NAMED = """
    SELECT coalesce(r.number, looked.register_id::text) AS subject, looked.*
      FROM looked LEFT JOIN ledger_register r ON r.id = looked.register_id
     WHERE looked.broken ORDER BY looked.register_id
"""

ENTRIES_AND_VALUES = f"""
    SELECT coalesce(i.id, v.item_ledger_entry_id) AS entry, i.register_id,
           i.id IS NULL OR v.item_ledger_entry_id IS NULL AS broken,
           CASE WHEN i.id IS NULL THEN 0 ELSE 1 END AS entries,
           CASE WHEN v.item_ledger_entry_id IS NULL THEN 0 ELSE 1 END AS amounts
      FROM ledger_itemledgerentry i FULL JOIN ledger_valueentry v ON v.item_ledger_entry_id = i.id
     WHERE {AT.format(column="i.location_id")}
"""

ENTRY_NAMED = """
    SELECT concat_ws(' ', r.number, looked.entry) AS subject, looked.*
      FROM looked LEFT JOIN ledger_register r ON r.id = looked.register_id
     WHERE looked.broken ORDER BY looked.entry
"""

STOCK_VALUES_AND_ENTRIES = f"""
    SELECT item_id, variant_id, location_id, NULL::bigint AS lot_id, coalesce(kept.quantity, 0) AS quantity,
           coalesce(kept.value, 0) AS value, coalesce(summed.quantity, 0) AS summed,
           coalesce(summed.amount, 0) AS amount,
           coalesce(kept.quantity, 0) <> coalesce(summed.quantity, 0)
        OR coalesce(kept.value, 0) <> coalesce(summed.amount, 0)
        OR (coalesce(summed.quantity, 0) = 0 AND coalesce(summed.amount, 0) <> 0) AS broken
      FROM (SELECT item_id, coalesce(variant_id, 0) AS variant_id, location_id, quantity, value
              FROM ledger_stockvalue WHERE {AT.format(column="location_id")}) kept
      FULL JOIN (
            SELECT i.item_id, coalesce(i.variant_id, 0) AS variant_id, i.location_id, sum(i.quantity) AS quantity,
                   sum(v.amount) AS amount
              FROM ledger_itemledgerentry i LEFT JOIN ledger_valueentry v ON v.item_ledger_entry_id = i.id
             WHERE {AT.format(column="i.location_id")}
             GROUP BY i.item_id, coalesce(i.variant_id, 0), i.location_id) summed
     USING (item_id, variant_id, location_id)
"""

# The triggers and checks that keep a law from being broken: there, switched on, and proved for old rows too.
# A trigger that fires only on a replica ('R') or never ('D') guards nothing.
GUARDS = """
    SELECT expected.relation, expected.name,
           NOT EXISTS (SELECT 1 FROM pg_trigger t
                        WHERE t.tgrelid = expected.relation::regclass AND t.tgname = expected.name
                          AND t.tgenabled IN ('O', 'A'))
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c
                        WHERE c.conrelid = expected.relation::regclass AND c.conname = expected.name
                          AND c.convalidated) AS broken
      FROM unnest(%(relations)s::text[], %(names)s::text[]) expected (relation, name)
"""

GUARD_NAMED = """
    SELECT concat_ws(' ', looked.relation, looked.name) AS subject, looked.*
      FROM looked WHERE looked.broken ORDER BY looked.relation, looked.name
"""
