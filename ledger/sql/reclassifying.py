"""Goods that become something else (SPEC 15): another bin, location, variant, lot or unit, or another expiration date.

Each line is two of posting: what it was goes out, and what it is now comes in, with the money that went out. The item
ledger hears of it where more than the bin changed.
"""

# What each row becomes: what the line says, else what it is. A blank bin is the same bin, unless the goods go to
# another location. `new_date`: the lot stays, and gets another expiration date; blank then means none.
FIND_NEW = """
    UPDATE journal_row r
       SET new_variant = meant.new_variant, new_lot = meant.new_lot, new_expiration = meant.new_expiration_date,
           new_unit = meant.new_unit,
           new_variant_id = CASE WHEN meant.new_variant = '' THEN r.variant_id ELSE meant.variant_id END,
           new_lot_id = CASE WHEN meant.new_lot = '' THEN r.lot_id ELSE meant.lot_id END,
           new_known_expiration = CASE WHEN meant.new_lot = '' THEN r.known_expiration ELSE meant.expires END,
           new_bin_id = CASE WHEN meant.stays THEN r.bin_id ELSE r.new_bin_id END,
           new_bin_fits = CASE WHEN meant.stays THEN 1 ELSE r.new_bin_fits END,
           new_date = CASE WHEN meant.new_lot = '' THEN meant.new_expiration_date IS NOT NULL
                           ELSE meant.lot_id = r.lot_id END
                      AND meant.new_expiration_date IS DISTINCT FROM r.known_expiration
      FROM (SELECT l.*, v.id AS variant_id, lot.id AS lot_id, lot.expiration_date AS expires,
                   l.new_bin = '' AND %(to_location)s = %(location)s AS stays
              FROM journal_row named
              JOIN ledger_journalline l ON l.id = named.line_id
              LEFT JOIN warehouse_itemvariant v ON v.item_id = named.item_id AND l.new_variant <> ''
                                               AND upper(v.code) = upper(l.new_variant)
              LEFT JOIN LATERAL (SELECT id, expiration_date FROM warehouse_lot
                                  WHERE item_id = named.item_id AND l.new_lot <> '' AND upper(number) = upper(l.new_lot)
                                  ORDER BY number = l.new_lot DESC, id LIMIT 1) lot ON true) meant
     WHERE r.line_id = meant.id
"""

TYPED_NEW_UNITS = """
    SELECT line, tracking, new_unit FROM journal_row
     WHERE new_unit <> '' AND tracking IN ('serial', 'rfid') ORDER BY line
"""
CREATE_NEW_UNITS = """
    CREATE TEMPORARY TABLE IF NOT EXISTS journal_new_unit (line int NOT NULL, place int NOT NULL, code text NOT NULL)
        ON COMMIT DELETE ROWS;
    DELETE FROM journal_new_unit
"""
COPY_NEW_UNITS = "COPY journal_new_unit (line, place, code) FROM STDIN"

# The first unit gets the first new code, and so on.
PAIR_UNITS = """
    UPDATE journal_unit u SET new_code = given.code
      FROM journal_new_unit given WHERE given.line = u.line AND given.place = u.place
"""
CHECK_PAIRS = """
    INSERT INTO journal_problem (line, field, code)
    SELECT r.line, 'new_unit', 'other_number_of_codes'
      FROM journal_row r
      JOIN (SELECT line, count(*) AS codes FROM journal_new_unit GROUP BY line) given ON given.line = r.line
     WHERE r.units IS NOT NULL AND given.codes <> r.units
"""

# What can be said of lots only with all lines, or all stock, in view.
CHECK_LOTS = """
    INSERT INTO journal_problem (line, field, code)
    SELECT r.line, 'new_expiration_date', 'lot_expires_twice'
      FROM (SELECT line, new_expiration,
                   first_value(new_expiration) OVER (PARTITION BY item_id, upper(new_lot) ORDER BY line) AS first
              FROM journal_row WHERE new_lot <> '' AND new_lot_id IS NULL AND item_id IS NOT NULL) r
     WHERE r.new_expiration IS DISTINCT FROM r.first;
    INSERT INTO journal_problem (line, field, code)
    SELECT r.line, 'quantity', 'lot_in_part'
      FROM journal_row r
     CROSS JOIN LATERAL (SELECT coalesce(sum(q.quantity), 0) AS quantity FROM warehouse_quant q
                          WHERE q.lot_id = r.lot_id) whole
     WHERE r.new_date AND r.quantity <> whole.quantity
"""

MAKE_NEW_LOTS = """
    INSERT INTO warehouse_lot (item_id, number, expiration_date)
    SELECT item_id, min(new_lot), max(new_expiration) FROM journal_row r
     WHERE new_lot <> '' AND new_lot_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM journal_problem p WHERE p.line = r.line)
     GROUP BY item_id, upper(new_lot) ORDER BY item_id, min(new_lot)
        ON CONFLICT DO NOTHING;
    UPDATE journal_row r SET new_lot_id = lot.id
      FROM warehouse_lot lot
     WHERE r.new_lot <> '' AND r.new_lot_id IS NULL AND lot.item_id = r.item_id AND upper(lot.number) = upper(r.new_lot)
"""

STAGE = """
    INSERT INTO posting_line (line, bin_id, item_id, variant_id, lot_id, quantity, unit_code, manufacturer_number,
                              arrives, books)
    SELECT pair.line, its.bin_id, pair.item_id, its.variant_id, CASE WHEN pair.code IS NULL THEN its.lot_id END,
           its.quantity, coalesce(its.code, ''), '', its.arrives, pair.books
      FROM (SELECT row_number() OVER (ORDER BY r.line, u.place) AS line, r.item_id, r.bin_id, r.variant_id, r.lot_id,
                   r.new_bin_id, r.new_variant_id, r.new_lot_id, u.code, coalesce(u.new_code, u.code) AS new_code,
                   CASE WHEN u.code IS NULL THEN r.quantity ELSE 1 END AS each,
                   here.location_id <> there.location_id OR r.new_date OR coalesce(u.new_code <> u.code, false)
                   OR (coalesce(r.variant_id, 0), coalesce(r.lot_id, 0)) <>
                      (coalesce(r.new_variant_id, 0), coalesce(r.new_lot_id, 0)) AS books
              FROM journal_row r
              JOIN warehouse_bin here ON here.id = r.bin_id
              JOIN warehouse_bin there ON there.id = r.new_bin_id
              LEFT JOIN journal_unit u ON u.line = r.line
             WHERE r.quantity > 0
               AND NOT EXISTS (SELECT 1 FROM journal_problem p WHERE p.line = r.line)) pair
     CROSS JOIN LATERAL (VALUES (pair.bin_id, pair.variant_id, pair.lot_id, -pair.each, pair.code, false),
                                (pair.new_bin_id, pair.new_variant_id, pair.new_lot_id, pair.each, pair.new_code, true))
                        its (bin_id, variant_id, lot_id, quantity, code, arrives)
     ORDER BY pair.line, its.arrives
"""

DATE_LOTS = """
    UPDATE warehouse_lot lot SET expiration_date = r.new_expiration
      FROM journal_row r WHERE lot.id = r.lot_id AND r.new_date
"""

# A line for all that lies of each item, variant and lot in these bins, of these items (NULL: all); units by codes.
GET_BIN_CONTENT = """
    INSERT INTO ledger_journalline (batch_id, position, entry_type, item, variant, bin, new_bin, quantity,
                                    unit_of_measure, lot, unit, new_variant, new_lot, new_unit, made, client_id,
                                    revision)
    SELECT %(batch)s,
           %(position)s - 1 + row_number() OVER (ORDER BY b.walking_order, b.code, i.number, v.code, lot.number),
           'positive', i.number, coalesce(v.code, ''), b.code, '', q.quantity, '', coalesce(lot.number, ''),
           coalesce(units.codes, ''), '', '', '', false, gen_random_uuid(), 1
      FROM warehouse_quant q
      JOIN warehouse_bin b ON b.id = q.bin_id
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN warehouse_itemvariant v ON v.id = q.variant_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
      LEFT JOIN LATERAL (SELECT string_agg(u.code, ', ' ORDER BY u.code) AS codes FROM warehouse_unit u
                          WHERE u.quant_id = q.id) units ON i.tracking IN ('serial', 'rfid')
     WHERE q.bin_id = ANY(%(bins)s) AND q.location_id = %(location)s AND q.quantity > 0 AND NOT q.virtual
       AND (%(items)s::bigint[] IS NULL OR q.item_id = ANY(%(items)s))
"""
