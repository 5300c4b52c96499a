"""The statements of posting. Raw SQL, because a document of a million lines must cost as many statements as one line.

A document is staged in temporary tables that live as long as the connection and are emptied at commit:
`posting_line` what the caller named (keys), `posting_stage` one row for each warehouse entry to come,
`posting_item` one row for each item ledger entry to come, `posting_error` what is wrong, by line; for a reversal,
`posting_look` who said after the document that the book was right.
tests/ledger/test_posting_oracle.py compares the result with a plain-Python ledger.
"""

CREATE_STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_line (
        line int NOT NULL, bin_id bigint NOT NULL, to_bin_id bigint, item_id bigint NOT NULL, variant_id bigint,
        lot_id bigint, quantity numeric, unit_cost numeric, seen_entry bigint) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_stage (
        row_id bigint GENERATED ALWAYS AS IDENTITY, line int NOT NULL, quant_id bigint NOT NULL,
        location_id bigint NOT NULL, bin_id bigint NOT NULL, item_id bigint NOT NULL, variant_id bigint, lot_id bigint,
        quantity numeric, unit_cost numeric, amount numeric, seen_entry bigint, undoes bigint) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_item (
        id bigint NOT NULL, line int NOT NULL, item_id bigint NOT NULL, variant_id bigint, location_id bigint NOT NULL,
        lot_id bigint, quantity numeric NOT NULL, amount numeric NOT NULL) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_error (line int NOT NULL, code text NOT NULL) ON COMMIT DELETE ROWS;
    DELETE FROM posting_line; DELETE FROM posting_stage; DELETE FROM posting_item; DELETE FROM posting_error
"""

COPY_LINES = """
    COPY posting_line (line, bin_id, to_bin_id, item_id, variant_id, lot_id, quantity, unit_cost, seen_entry) FROM STDIN
"""

# What is wrong with the keys of a line, whatever lies where. %(to_location)s: where its `to_bin` is.
CHECK_KEYS = """
    INSERT INTO posting_error (line, code)
    SELECT l.line, broken.code
      FROM posting_line l
      LEFT JOIN warehouse_bin b ON b.id = l.bin_id
      LEFT JOIN warehouse_bin t ON t.id = l.to_bin_id
      LEFT JOIN warehouse_item i ON i.id = l.item_id
      LEFT JOIN warehouse_lot lot ON lot.id = l.lot_id
      LEFT JOIN warehouse_itemvariant v ON v.id = l.variant_id
     CROSS JOIN LATERAL (VALUES
        (b.id IS NULL OR b.location_id <> %(location)s, 'bin_elsewhere'),
        (b.kind = 'adjustment' OR t.kind = 'adjustment', 'adjustment_bin'),
        (l.to_bin_id IS NOT NULL AND (t.id IS NULL OR t.location_id <> %(to_location)s), 'bin_elsewhere'),
        (l.to_bin_id = l.bin_id, 'same_bin'),
        ((l.to_bin_id IS NOT NULL) <> %(moves)s, 'needs_two_bins'),
        (l.to_bin_id IS NOT NULL AND l.quantity <= 0, 'wrong_sign'),
        (i.id IS NULL, 'item_unknown'),
        (i.tracking = 'lot' AND l.lot_id IS NULL, 'lot_missing'),
        (i.tracking = 'bulk' AND l.lot_id IS NOT NULL, 'lot_not_expected'),
        (l.lot_id IS NOT NULL AND lot.item_id IS DISTINCT FROM l.item_id, 'lot_of_another_item'),
        (l.variant_id IS NOT NULL AND v.item_id IS DISTINCT FROM l.item_id, 'variant_of_another_item')
     ) broken (so, code)
     WHERE broken.so
"""

WITHOUT_ERROR = "NOT EXISTS (SELECT 1 FROM posting_error e WHERE e.line = posting_line.line)"
# The keys of both ends of a line
KEYS = """
    (SELECT line, bin_id, item_id, variant_id, lot_id FROM posting_line
      UNION ALL
     SELECT line, to_bin_id, item_id, variant_id, lot_id FROM posting_line WHERE to_bin_id IS NOT NULL) posting_line
"""

STAGE_LINES = f"""
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, unit_cost,
                               seen_entry)
    SELECT l.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, l.quantity, l.unit_cost,
           l.seen_entry
      FROM (SELECT line, bin_id, item_id, variant_id, lot_id, unit_cost, seen_entry,
                   CASE WHEN to_bin_id IS NULL THEN quantity ELSE -quantity END AS quantity
              FROM posting_line WHERE {WITHOUT_ERROR}
             UNION ALL
            SELECT line, to_bin_id, item_id, variant_id, lot_id, unit_cost, NULL, quantity
              FROM posting_line WHERE to_bin_id IS NOT NULL AND {WITHOUT_ERROR}) l
      JOIN warehouse_quant q ON q.bin_id = l.bin_id AND q.item_id = l.item_id
       AND coalesce(q.variant_id, 0) = coalesce(l.variant_id, 0) AND coalesce(q.lot_id, 0) = coalesce(l.lot_id, 0)
     ORDER BY l.line, l.quantity
"""

# {source} is a compiled queryset with the columns quant_id and quantity.
STAGE_QUANTS = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity)
    SELECT row_number() OVER (ORDER BY q.id), q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id,
           source.quantity
      FROM ({source}) source (quant_id, quantity)
      JOIN warehouse_quant q ON q.id = source.quant_id
     ORDER BY q.id
"""

# {source} is a compiled queryset with the columns quant_id, to_quant_id and quantity; both ends of each are one line.
STAGE_PAIRS = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity)
    SELECT pair.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, its.quantity
      FROM (SELECT row_number() OVER (ORDER BY quant_id, to_quant_id) AS line, source.*
              FROM ({source}) source (quant_id, to_quant_id, quantity)) pair
     CROSS JOIN LATERAL (VALUES (quant_id, -quantity), (to_quant_id, quantity)) its (quant_id, quantity)
      JOIN warehouse_quant q ON q.id = its.quant_id
     ORDER BY pair.line, its.quantity
"""

# A movement from quant to quant changes neither the item nor the lot nor the location, or the ledgers would disagree.
CHECK_PAIRS = """
    INSERT INTO posting_error (line, code)
    SELECT line, 'other_goods' FROM posting_stage
     GROUP BY line
    HAVING count(*) <> 2
        OR count(DISTINCT (item_id, coalesce(variant_id, 0), coalesce(lot_id, 0), location_id)) <> 1
"""

# The opposite of what a document wrote and nobody has taken back yet, with the money that it moved: all of it, or the
# lines in %(lines)s.
STAGE_REVERSAL = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, amount,
                               undoes)
    SELECT e.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, -e.quantity, -v.amount, e.id
      FROM ledger_warehouseentry e
      JOIN warehouse_quant q ON q.id = e.quant_id
      LEFT JOIN ledger_itemledgerentry i ON i.register_id = e.register_id AND i.line = e.line
                                        AND i.location_id = q.location_id
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

# Whoever said how much there is after a document has put the books right: they no longer hold what it did. Where two
# people took the same lines back, the later of them is told so.
CHECK_REVERSAL = """
    INSERT INTO posting_error (line, code)
    SELECT DISTINCT s.line, broken.code
      FROM posting_stage s
     CROSS JOIN LATERAL (VALUES
        (EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = s.undoes), 'undone'),
        (EXISTS (SELECT 1 FROM posting_look look WHERE look.quant_id = s.quant_id AND look.entry >= s.undoes)
         OR EXISTS (SELECT 1 FROM ledger_warehouseentry e
                     WHERE e.quant_id = s.quant_id AND e.id > s.undoes AND e.effect = 'counted'
                       AND e.register_id <> %(register)s
                       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)),
         'settled_by_count')
     ) broken (so, code)
     WHERE broken.so
"""

# What is in the way of each faulty line of a reversal: the look that settled it, what went out last, what undid it.
READ_BLOCKERS = """
    SELECT DISTINCT ON (e.line, e.code) e.line, e.code, blocker.number, blocker.at,
           coalesce(nullif(trim(concat_ws(' ', u.first_name, u.last_name)), ''), u.username)
      FROM (SELECT DISTINCT line, code FROM posting_error) e
      JOIN posting_stage s ON s.line = e.line
     CROSS JOIN LATERAL (
           (SELECT r.number, r.posted_at AS at, r.by_id
              FROM ledger_warehouseentry later JOIN ledger_register r ON r.id = later.register_id
             WHERE e.code = 'settled_by_count' AND later.quant_id = s.quant_id AND later.id > s.undoes
               AND later.effect = 'counted' AND later.register_id <> %(register)s
               AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = later.id)
             ORDER BY later.id LIMIT 1)
            UNION ALL
           SELECT look.number, look.at, look.by_id FROM posting_look look
            WHERE e.code = 'settled_by_count' AND look.quant_id = s.quant_id AND look.entry >= s.undoes
            UNION ALL
           (SELECT r.number, r.posted_at, r.by_id
              FROM ledger_warehouseentry later JOIN ledger_register r ON r.id = later.register_id
             WHERE e.code = 'not_enough' AND s.quantity < 0 AND later.quant_id = s.quant_id AND later.id > s.undoes
               AND later.quantity < 0
               AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = later.id)
             ORDER BY later.id DESC LIMIT 1)
            UNION ALL
           SELECT r.number, r.posted_at, r.by_id
             FROM ledger_warehouseentry undone JOIN ledger_register r ON r.id = undone.register_id
            WHERE e.code = 'undone' AND undone.undoes_id = s.undoes) blocker
      LEFT JOIN warehouse_user u ON u.id = blocker.by_id
     ORDER BY e.line, e.code, blocker.at
     LIMIT 1000
"""

ANALYZE_STAGE = "ANALYZE posting_stage"

LOCK_LOCATIONS = "SELECT id FROM warehouse_location WHERE id = ANY(%(locations)s) ORDER BY id FOR NO KEY UPDATE"

# An absolute quantity becomes the change that leads to it, now that nothing can move.
TURN_TARGETS_INTO_CHANGES = """
    UPDATE posting_stage s SET quantity = s.quantity - q.quantity FROM warehouse_quant q WHERE q.id = s.quant_id
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

# A hold lets its holder's documents through; two holders of one item in one bin let each other through.
NOT_HELD_BY_ITSELF = """NOT EXISTS (SELECT 1 FROM warehouse_binhold own
                     WHERE own.bin_id = s.bin_id AND own.item_id = s.item_id AND own.held_by = %(source)s)"""

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
        (i.tracking IN ('serial', 'rfid'), 'item_serialized'),
        (h.id IS NOT NULL AND {NOT_HELD_BY_ITSELF}, 'held'),
        (s.quantity < 0 AND NOT q.virtual AND q.quantity + change.quantity < 0, 'not_enough')
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

# What the sentences about the first faulty lines need.
READ_ERRORS = f"""
    SELECT e.line, e.code, i.number, i.name, b.code, lot.number, s.quantity, q.quantity,
           CASE WHEN e.code = 'held'
                THEN ARRAY(SELECT h.held_by FROM warehouse_binhold h
                            WHERE h.bin_id = b.id AND h.item_id = i.id ORDER BY h.held_by) END
      FROM (SELECT DISTINCT line, code FROM posting_error) e
      LEFT JOIN LATERAL (SELECT bin_id, item_id, lot_id, quant_id, quantity FROM posting_stage s
                          WHERE s.line = e.line
                          ORDER BY e.code = 'held' AND NOT ({HELD_BY_OTHERS}), s.quantity LIMIT 1) s ON true
      LEFT JOIN posting_line l ON l.line = e.line
      LEFT JOIN warehouse_item i ON i.id = coalesce(s.item_id, l.item_id)
      LEFT JOIN warehouse_bin b ON b.id = coalesce(s.bin_id, l.bin_id)
      LEFT JOIN warehouse_lot lot ON lot.id = coalesce(s.lot_id, l.lot_id)
      LEFT JOIN warehouse_quant q ON q.id = s.quant_id
     ORDER BY e.line, e.code
     LIMIT 1000
"""

POSTED_AT = """
    SELECT greatest(clock_timestamp(),
                    (SELECT max(posted_at) FROM ledger_register WHERE location_id = ANY(%(locations)s)),
                    (SELECT max(posted_at) FROM ledger_register WHERE other_location_id = ANY(%(locations)s)))
"""

WRITE_WAREHOUSE_ENTRIES = """
    WITH entry AS (
        INSERT INTO ledger_warehouseentry (register_id, line, quant_id, quantity, effect, undoes_id)
        SELECT %(register)s, line, quant_id, quantity, %(effect)s, undoes FROM posting_stage ORDER BY row_id
        RETURNING id, quant_id, quantity),
    change AS (SELECT quant_id, sum(quantity) AS quantity, max(id) AS newest FROM entry GROUP BY quant_id)
    UPDATE warehouse_quant q SET quantity = q.quantity + change.quantity, last_entry = change.newest
      FROM change WHERE q.id = change.quant_id
"""

ENSURE_STOCK_VALUES = """
    INSERT INTO ledger_stockvalue (location_id, item_id, variant_id, quantity, value)
    SELECT DISTINCT s.location_id, s.item_id, s.variant_id, 0, 0 FROM posting_stage s
     WHERE s.quantity <> 0
       AND NOT EXISTS (SELECT 1 FROM ledger_stockvalue v
                        WHERE v.item_id = s.item_id AND v.location_id = s.location_id
                          AND v.variant_id IS NOT DISTINCT FROM s.variant_id)
        ON CONFLICT DO NOTHING
"""

# The money of each item ledger entry: the moving average of item, variant and location (weighted average after every
# receipt). All that comes in goes into the pool first: at the money it brings (a reversal), at its unit cost, else at
# the average, else at the cost on the item. Then what goes out takes its share of the pool, as the difference of
# rounded cumulated shares, so that the last piece takes the rest and the money of a pool always adds up. A reversal
# takes out exactly what the reversed document brought in, as long as that leaves no negative value behind. What
# arrives from another location brings the money that left there. %(arrives_at)s: that location, or NULL.
VALUE_ENTRIES = """
    INSERT INTO posting_item (id, line, item_id, variant_id, location_id, lot_id, quantity, amount)
    WITH booked AS (
        SELECT s.*, v.id AS pool, v.quantity AS owned, v.value AS worth, i.unit_cost AS item_cost
          FROM posting_stage s
          JOIN ledger_stockvalue v ON v.item_id = s.item_id AND v.location_id = s.location_id
                                  AND coalesce(v.variant_id, 0) = coalesce(s.variant_id, 0)
          JOIN warehouse_item i ON i.id = s.item_id
         WHERE s.quantity <> 0),
    incoming AS (
        SELECT b.*, CASE WHEN b.amount IS NOT NULL THEN b.amount
                         WHEN b.unit_cost IS NOT NULL THEN round(b.quantity * b.unit_cost, 4)
                         WHEN b.owned > 0 THEN round(b.quantity * b.worth / b.owned, 4)
                         ELSE round(b.quantity * b.item_cost, 4) END AS money
          FROM booked b WHERE b.quantity > 0 AND b.location_id IS DISTINCT FROM %(arrives_at)s),
    received AS (SELECT pool, sum(quantity) AS quantity, sum(money) AS money FROM incoming GROUP BY pool),
    outgoing AS (
        SELECT b.*, b.owned + coalesce(r.quantity, 0) AS pool_quantity, b.worth + coalesce(r.money, 0) AS pool_money,
               sum(-b.quantity) OVER (PARTITION BY b.pool ORDER BY b.row_id) AS cumulated,
               sum(b.quantity) OVER (PARTITION BY b.pool) AS all_quantity,
               sum(b.amount) OVER (PARTITION BY b.pool) AS all_amount
          FROM booked b LEFT JOIN received r ON r.pool = b.pool
         WHERE b.quantity < 0),
    issued AS (
        SELECT o.*, CASE WHEN o.amount IS NOT NULL AND o.pool_quantity + o.all_quantity > 0
                              AND o.pool_money + o.all_amount >= 0 THEN o.amount
                         ELSE round(o.pool_money * (o.cumulated + o.quantity) / o.pool_quantity, 4)
                            - round(o.pool_money * o.cumulated / o.pool_quantity, 4) END AS money
          FROM outgoing o),
    priced AS (
        SELECT row_id, line, item_id, variant_id, location_id, lot_id, quantity, money FROM incoming
         UNION ALL
        SELECT row_id, line, item_id, variant_id, location_id, lot_id, quantity, money FROM issued
         UNION ALL
        SELECT b.row_id, b.line, b.item_id, b.variant_id, b.location_id, b.lot_id, b.quantity,
               coalesce(b.amount, -o.money)
          FROM booked b LEFT JOIN issued o ON o.line = b.line
         WHERE b.quantity > 0 AND b.location_id = %(arrives_at)s)
    SELECT nextval(pg_get_serial_sequence('ledger_itemledgerentry', 'id')), line, item_id, variant_id, location_id,
           lot_id, quantity, money
      FROM (SELECT * FROM priced ORDER BY row_id) priced
"""

WRITE_ITEM_LEDGER = """
    INSERT INTO ledger_itemledgerentry (id, register_id, line, item_id, variant_id, location_id, lot_id, quantity,
                                        effect)
    SELECT id, %(register)s, line, item_id, variant_id, location_id, lot_id, quantity, %(effect)s FROM posting_item
"""

WRITE_VALUE = """
    WITH money AS (
        INSERT INTO ledger_valueentry (item_ledger_entry_id, amount) SELECT id, amount FROM posting_item)
    UPDATE ledger_stockvalue v SET quantity = v.quantity + change.quantity, value = v.value + change.amount
      FROM (SELECT item_id, variant_id, location_id, sum(quantity) AS quantity, sum(amount) AS amount
              FROM posting_item GROUP BY item_id, variant_id, location_id) change
     WHERE v.item_id = change.item_id AND v.location_id = change.location_id
       AND coalesce(v.variant_id, 0) = coalesce(change.variant_id, 0)
"""

# Who posts where is written on the connection (application_name), because what is not committed cannot be read.
WHO_POSTS_HERE = """
    SELECT split_part(application_name, ' ', 2) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE ANY(%(patterns)s)
     ORDER BY xact_start LIMIT 1
"""

# Reconciliation (ledger.reconciliation, counting.reconciliation). Every proof is one statement, so that it sees one
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

QUANTS_OF_SERIALIZED_ITEMS = f"""
    SELECT q.id AS quant_id, q.quantity, q.last_entry <> 0 OR q.quantity <> 0
           OR EXISTS (SELECT 1 FROM ledger_warehouseentry e WHERE e.quant_id = q.id) AS broken
      FROM warehouse_quant q JOIN warehouse_item i ON i.id = q.item_id
     WHERE i.tracking IN ('serial', 'rfid') AND {AT.format(column="q.location_id")}
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
