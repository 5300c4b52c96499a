"""What the lines of a journal mean: their texts looked up, set by set, and all that is wrong with them."""

CREATE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS journal_row (
        line int NOT NULL, line_id bigint NOT NULL, made boolean NOT NULL, entry_type text NOT NULL,
        item text NOT NULL, item_fits int, item_id bigint, tracking text, blocked boolean,
        variant text NOT NULL, variant_id bigint, bin text NOT NULL, bin_fits int, bin_id bigint, bin_kind text,
        new_bin text NOT NULL, new_bin_fits int, new_bin_id bigint,
        lot text NOT NULL, lot_id bigint, expiration_date date, known_expiration date, unit text NOT NULL, units int,
        typed numeric, unit_of_measure text NOT NULL, factor numeric, quantity numeric, unit_cost numeric,
        new_variant text, new_variant_id bigint, new_lot text, new_lot_id bigint, new_expiration date,
        new_known_expiration date, new_unit text, new_date boolean) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS journal_unit (
        line int NOT NULL, place int NOT NULL, code text NOT NULL, new_code text) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS journal_problem (
        line int NOT NULL, field text NOT NULL, code text NOT NULL, message text) ON COMMIT DELETE ROWS;
    DELETE FROM journal_row; DELETE FROM journal_unit; DELETE FROM journal_problem
"""

# An item is meant by its number, a bar code, or its number with a variant: HW-2207/RED. Bins by number or name. Texts
# are looked up once each, however many lines hold them. %(lines)s: the keys of some of the lines, or NULL.
RESOLVE = """
    INSERT INTO journal_row (line, line_id, made, entry_type, item, item_fits, item_id, tracking, blocked, variant,
                             variant_id, bin, bin_fits, bin_id, bin_kind, new_bin, new_bin_fits, new_bin_id, lot,
                             expiration_date, unit, typed, unit_of_measure, factor, unit_cost)
    WITH line AS MATERIALIZED (
        SELECT * FROM ledger_journalline
         WHERE batch_id = %(batch)s AND (%(lines)s::bigint[] IS NULL OR id = ANY(%(lines)s))),
    typed AS (SELECT DISTINCT item AS text FROM line WHERE item <> ''),
    meant AS MATERIALIZED (
        SELECT DISTINCT ON (text) text, item_id, variant_id, fits
          FROM (SELECT t.text, i.id AS item_id, NULL::bigint AS variant_id, 1::bigint AS fits,
                       CASE WHEN i.number = t.text THEN 1 ELSE 2 END AS rank
                  FROM typed t JOIN warehouse_item i ON i.number IN (t.text, upper(t.text))
                 UNION ALL
                SELECT t.text, min(r.item_id), min(r.variant_id),
                       count(DISTINCT (r.item_id, coalesce(r.variant_id, 0))), 3
                  FROM typed t JOIN warehouse_itemreference r ON r.code = t.text
                 GROUP BY t.text
                 UNION ALL
                SELECT t.text, i.id, v.id, 1, 4
                  FROM typed t
                  JOIN warehouse_item i ON i.number IN (regexp_replace(t.text, '/[^/]*$', ''),
                                                        upper(regexp_replace(t.text, '/[^/]*$', '')))
                  JOIN warehouse_itemvariant v ON v.item_id = i.id
                                              AND upper(v.code) = upper(substring(t.text FROM '/([^/]*)$'))) found
         ORDER BY text, rank),
    place AS (
        SELECT DISTINCT location_id, text
          FROM (SELECT %(location)s AS location_id, bin AS text FROM line
                 UNION ALL SELECT %(to_location)s, new_bin FROM line) named
         WHERE text <> ''),
    lies AS MATERIALIZED (
        SELECT DISTINCT ON (location_id, text) location_id, text, bin_id, kind, fits
          FROM (SELECT p.location_id, p.text, b.id AS bin_id, b.kind, 1::bigint AS fits, 1 AS rank
                  FROM place p JOIN warehouse_bin b ON b.location_id = p.location_id AND b.code = p.text
                 UNION ALL
                SELECT p.location_id, p.text, min(b.id), min(b.kind), count(*), 2
                  FROM place p
                  JOIN warehouse_bin b ON b.location_id = p.location_id AND upper(b.code) = upper(p.text)
                 GROUP BY p.location_id, p.text
                 UNION ALL
                SELECT p.location_id, p.text, min(b.id), min(b.kind), count(*), 3
                  FROM place p
                  JOIN warehouse_bin b ON b.location_id = p.location_id AND upper(b.name) = upper(p.text)
                 GROUP BY p.location_id, p.text) found
         ORDER BY location_id, text, rank),
    -- Where a line names no bin: the implicit one, if there is no other to choose.
    nowhere AS MATERIALIZED (
        SELECT b.location_id, b.id AS bin_id, b.kind,
               (SELECT count(*) FROM warehouse_bin o WHERE o.location_id = b.location_id
                   AND o.kind NOT IN ('implicit', 'adjustment', 'missing')) AS others
          FROM warehouse_bin b WHERE b.kind = 'implicit' AND b.location_id IN (%(location)s, %(to_location)s))
    SELECT l.position, l.id, l.made, l.entry_type, l.item, m.fits, m.item_id, i.tracking, i.blocked,
           l.variant, coalesce(v.id, CASE WHEN l.variant = '' THEN m.variant_id END),
           l.bin, CASE WHEN l.bin = '' THEN CASE WHEN here.others = 0 THEN 1 END ELSE b.fits END,
           CASE WHEN l.bin = '' THEN here.bin_id ELSE b.bin_id END, CASE WHEN l.bin = '' THEN here.kind ELSE b.kind END,
           l.new_bin, CASE WHEN l.new_bin = '' THEN CASE WHEN there.others = 0 THEN 1 END ELSE n.fits END,
           CASE WHEN l.new_bin = '' THEN there.bin_id ELSE n.bin_id END,
           l.lot, l.expiration_date, l.unit, l.quantity, l.unit_of_measure,
           CASE WHEN l.unit_of_measure = '' OR lower(l.unit_of_measure) IN (lower(base.code), lower(base.name)) THEN 1
                ELSE per.quantity_per END,
           l.unit_cost
      FROM line l
      LEFT JOIN meant m ON m.text = l.item
      LEFT JOIN warehouse_item i ON i.id = m.item_id AND m.fits = 1
      LEFT JOIN warehouse_itemvariant v ON v.item_id = i.id AND l.variant <> '' AND upper(v.code) = upper(l.variant)
      LEFT JOIN lies b ON b.location_id = %(location)s AND b.text = l.bin
      LEFT JOIN lies n ON n.location_id = %(to_location)s AND n.text = l.new_bin
      LEFT JOIN nowhere here ON here.location_id = %(location)s
      LEFT JOIN nowhere there ON there.location_id = %(to_location)s
      LEFT JOIN warehouse_unitofmeasure base ON base.id = i.base_unit_id
      LEFT JOIN LATERAL (
           SELECT u.quantity_per FROM warehouse_itemunit u
             JOIN warehouse_unitofmeasure o ON o.id = u.unit_of_measure_id
            WHERE u.item_id = i.id AND lower(l.unit_of_measure) IN (lower(o.code), lower(o.name))
            LIMIT 1) per ON l.unit_of_measure <> ''
     ORDER BY l.position
"""

# Lots as they are written, else in capitals or small letters; the known date is to be compared with the typed one.
FIND_LOTS = """
    UPDATE journal_row r SET lot_id = lot.id, known_expiration = lot.expiration_date
      FROM journal_row named
      JOIN LATERAL (SELECT id, expiration_date FROM warehouse_lot
                     WHERE item_id = named.item_id AND upper(number) = upper(named.lot)
                     ORDER BY number = named.lot DESC, id LIMIT 1) lot ON true
     WHERE r.line = named.line AND named.lot <> '' AND named.item_id IS NOT NULL
"""

TYPED_UNITS = """
    SELECT line, tracking, unit FROM journal_row WHERE unit <> '' AND tracking IN ('serial', 'rfid') ORDER BY line
"""
COPY_UNITS = "COPY journal_unit (line, place, code) FROM STDIN"
COPY_PROBLEMS = "COPY journal_problem (line, field, code, message) FROM STDIN"

# A code may also be the serial number in a tag, or the manufacturer's number of a unit: what is stored goes before.
MEANT_UNITS = """
    UPDATE journal_unit u SET code = meant.code
      FROM (SELECT named.line, named.place, known.code
              FROM journal_unit named
              JOIN journal_row r ON r.line = named.line
             CROSS JOIN LATERAL (
                   SELECT code FROM warehouse_unit
                    WHERE item_id = r.item_id
                      AND (code = named.code OR serial_number = named.code OR manufacturer_number = named.code)
                    ORDER BY code = named.code DESC, serial_number = named.code DESC, id LIMIT 1) known
             WHERE known.code <> named.code) meant
     WHERE u.line = meant.line AND u.place = meant.place
"""

COUNT_UNITS = """
    UPDATE journal_row r SET units = named.units
      FROM (SELECT line, count(*) AS units FROM journal_unit GROUP BY line) named WHERE named.line = r.line
"""

# At a directed location what is not in a bin of its own yet is kept on the books in the adjustment bin.
INTO_ADJUSTMENT_BIN = """
    UPDATE journal_row r SET bin_id = b.id, bin_kind = b.kind, bin_fits = 1
      FROM warehouse_bin b WHERE b.location_id = %(location)s AND b.kind = 'adjustment'
"""

# In base units and with its sign, rounded as the books hold it. {sign}: what a kind says of the typed quantity. Where
# units are named and no quantity, they are as many as they are.
MEASURE = """
    UPDATE journal_row SET quantity = round({sign} * coalesce(typed * factor, units), 5)
"""

# What is wrong with lines of every kind. {checks}: those of the kind, as (condition, field, code) rows.
CHECK = """
    INSERT INTO journal_problem (line, field, code)
    SELECT r.line, broken.field, broken.code
      FROM journal_row r
     CROSS JOIN LATERAL (VALUES
        (r.item = '', 'item', 'item_missing'),
        (r.item <> '' AND r.item_fits IS NULL, 'item', 'item_unknown'),
        (r.item_fits > 1, 'item', 'item_ambiguous'),
        (r.blocked, 'item', 'item_blocked'),
        (r.item_id IS NOT NULL AND r.variant <> '' AND r.variant_id IS NULL, 'variant', 'variant_unknown'),
        (r.factor IS NULL AND r.tracking IS NOT NULL, 'unit_of_measure', 'unit_not_of_item'),
        (r.typed IS NULL AND r.units IS NULL AND r.tracking NOT IN ('serial', 'rfid'), 'quantity', 'quantity_missing'),
        (r.typed <> 0 AND r.quantity = 0, 'quantity', 'quantity_too_small'),
        (abs(r.quantity) >= 1e13, 'quantity', 'quantity_too_large'),
        (r.unit <> '' AND r.tracking NOT IN ('serial', 'rfid'), 'unit', 'unit_not_expected'),
        (r.unit = '' AND r.tracking IN ('serial', 'rfid') AND r.quantity IS DISTINCT FROM 0, 'unit', 'unit_missing'),
        (r.units IS NOT NULL AND abs(r.quantity) <> r.units, 'quantity', 'other_number'),
        (r.tracking = 'lot' AND r.lot = '', 'lot', 'lot_missing'),
        (r.tracking = 'bulk' AND r.lot <> '', 'lot', 'lot_not_expected'),
        (r.lot <> '' AND r.lot_id IS NULL AND r.quantity < 0, 'lot', 'lot_unknown'),
        (r.lot = '' AND r.expiration_date IS NOT NULL, 'expiration_date', 'expiry_without_lot'),
        (r.known_expiration <> r.expiration_date, 'expiration_date', 'expiry_contradicts'),
        (r.unit_cost IS NOT NULL AND r.quantity < 0, 'unit_cost', 'cost_not_expected'){checks}
     ) broken (so, field, code)
     WHERE broken.so
"""

# Two lines that make one lot say the same of it.
CHECK_NEW_LOTS = """
    INSERT INTO journal_problem (line, field, code)
    SELECT r.line, 'expiration_date', 'lot_expires_twice'
      FROM (SELECT line, expiration_date,
                   min(expiration_date) OVER (PARTITION BY item_id, upper(lot)) AS first
              FROM journal_row WHERE lot <> '' AND expiration_date IS NOT NULL) r
     WHERE r.expiration_date <> r.first
"""

# What goes out is known.
CHECK_UNITS = """
    INSERT INTO journal_problem (line, field, code, message)
    SELECT r.line, 'unit', 'unit_unknown', u.code
      FROM journal_unit u JOIN journal_row r ON r.line = u.line
     WHERE r.quantity < 0 AND r.item_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM warehouse_unit known WHERE known.item_id = r.item_id AND known.code = u.code)
"""

# The first thousand: nobody reads more.
READ_PROBLEMS = """
    SELECT p.line, p.field, p.code, p.message, coalesce(i.number || ' ' || i.name, r.item), r.bin, r.lot,
           r.units, abs(r.quantity), r.known_expiration, r.variant, r.new_bin, r.new_lot, r.new_variant,
           r.new_known_expiration,
           ARRAY(SELECT number || ' ' || name FROM warehouse_item
                  WHERE p.code = 'item_ambiguous' AND id IN (SELECT item_id FROM warehouse_itemreference
                                                              WHERE code = r.item) ORDER BY number LIMIT 4),
           ARRAY(SELECT name FROM warehouse_unitofmeasure
                  WHERE p.code = 'unit_not_of_item'
                    AND (id = i.base_unit_id OR id IN (SELECT unit_of_measure_id FROM warehouse_itemunit
                                                        WHERE item_id = i.id)) ORDER BY id = i.base_unit_id DESC, name)
      FROM (SELECT DISTINCT ON (line, field, code, message) * FROM journal_problem) p
      JOIN journal_row r ON r.line = p.line
      LEFT JOIN warehouse_item i ON i.id = r.item_id AND r.item_fits = 1
     ORDER BY p.line, p.field, p.code
     LIMIT 1000
"""

WITHOUT_PROBLEM = "NOT EXISTS (SELECT 1 FROM journal_problem p WHERE p.line = r.line)"

# What comes in may be of a lot that nobody knew. In the order of the key, as all that two documents could make at once.
MAKE_LOTS = f"""
    INSERT INTO warehouse_lot (item_id, number, expiration_date)
    SELECT item_id, min(lot), max(expiration_date) FROM journal_row r
     WHERE lot <> '' AND lot_id IS NULL AND quantity > 0 AND {WITHOUT_PROBLEM}
     GROUP BY item_id, upper(lot) ORDER BY item_id, min(lot)
        ON CONFLICT DO NOTHING
"""
DATE_LOTS = f"""
    UPDATE warehouse_lot lot SET expiration_date = r.expiration_date
      FROM journal_row r
     WHERE lot.id = r.lot_id AND lot.expiration_date IS NULL AND r.expiration_date IS NOT NULL AND {WITHOUT_PROBLEM}
"""

# A line of posting for each line, of units for each of them. What has the quantity 0 writes nothing.
STAGE = f"""
    INSERT INTO posting_line (line, bin_id, item_id, variant_id, lot_id, quantity, unit_cost, unit_code,
                              manufacturer_number, unit_lot_id)
    SELECT row_number() OVER (ORDER BY r.line, u.place), r.bin_id, r.item_id, r.variant_id,
           CASE WHEN u.code IS NULL THEN r.lot_id END,
           CASE WHEN u.code IS NULL THEN r.quantity ELSE sign(r.quantity) END,
           r.unit_cost, coalesce(u.code, ''), '', CASE WHEN u.code IS NOT NULL THEN r.lot_id END
      FROM journal_row r
      LEFT JOIN journal_unit u ON u.line = r.line
     WHERE r.quantity <> 0 AND {WITHOUT_PROBLEM}
     ORDER BY r.line, u.place
"""

# The line of the journal for each line of posting, in their order.
POSITIONS = f"""
    SELECT array_agg(r.line ORDER BY r.line, u.place)
      FROM journal_row r
      LEFT JOIN journal_unit u ON u.line = r.line
     WHERE r.quantity <> 0 AND {WITHOUT_PROBLEM}
"""

# Line 0 keeps a document from being written of which other lines are wrong.
REFUSE = "INSERT INTO posting_error (line, code) SELECT 0, 'unresolved' WHERE EXISTS (SELECT 1 FROM journal_problem)"

# Whoever opens the books says what an item costs: the average of what its lines say.
COST_ITEMS = """
    UPDATE warehouse_item i SET unit_cost = said.cost
      FROM (SELECT item_id, round(sum(quantity * unit_cost) / sum(quantity), 6) AS cost
              FROM posting_line WHERE unit_cost IS NOT NULL GROUP BY item_id) said
     WHERE i.id = said.item_id AND i.unit_cost <> said.cost
"""

IS_DIRECTED = "SELECT directed FROM warehouse_location WHERE id = %(location)s"

COPY_LINES = "COPY ledger_journalline ({columns}) FROM STDIN"

# The default bin of the item; where there is none, the only one in which some of it lies. %(lines)s: keys of lines.
PROPOSE_BINS = """
    UPDATE ledger_journalline l SET bin = usual.code
      FROM (SELECT line.id, coalesce(settled.code, lone.code) AS code
              FROM ledger_journalline line
              JOIN warehouse_item i ON i.number = line.item
              LEFT JOIN LATERAL (
                   SELECT b.code FROM warehouse_bincontent c
                     JOIN warehouse_bin b ON b.id = c.bin_id
                     JOIN warehouse_location place ON place.id = c.location_id AND NOT place.directed
                     LEFT JOIN warehouse_itemvariant v ON v.id = c.variant_id
                    WHERE c.location_id = %(location)s AND c.item_id = i.id AND c."default"
                      AND coalesce(v.code, '') = line.variant) settled ON true
              LEFT JOIN LATERAL (
                   SELECT min(b.code) AS code FROM warehouse_quant q
                     JOIN warehouse_bin b ON b.id = q.bin_id AND b.kind = 'storage'
                    WHERE q.item_id = i.id AND q.location_id = %(location)s AND q.quantity > 0
                   HAVING count(DISTINCT b.id) = 1) lone ON true
             WHERE line.id = ANY(%(lines)s)) usual
     WHERE l.id = usual.id AND l.bin = '' AND NOT l.made AND usual.code IS NOT NULL
"""

# Held by whoever changes lines that are there, so that none of them is posted meanwhile; several may.
HOLD_BATCH = "SELECT id FROM ledger_journalbatch WHERE id = %(batch)s FOR KEY SHARE"

# What a person is told of lines that are shown: the item, and what one of it costs if nothing else is said.
READ_MEANT = """
    SELECT r.line_id, i.number, i.name, i.tracking, base.name,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END
      FROM journal_row r
      JOIN warehouse_item i ON i.id = r.item_id AND r.item_fits = 1
      JOIN warehouse_unitofmeasure base ON base.id = i.base_unit_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = i.id AND v.location_id = %(location)s
                                   AND v.variant_id IS NOT DISTINCT FROM r.variant_id
"""
