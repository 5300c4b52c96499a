"""Statements of an import of counts. tests/counting/test_importing.py compares them with plain Python."""

# The rows of a file. As a temporary table, so that the planner can be told of them before they are compared.
CREATE_FILE = """
    DROP TABLE IF EXISTS pg_temp.count_file;
    CREATE TEMPORARY TABLE count_file (
        row int NOT NULL, given_line bigint, round smallint, begun bigint, counted bigint,
        bin text NOT NULL, item text NOT NULL, variant text NOT NULL, lot text NOT NULL, expires date,
        bin_key bigint, item_key bigint, variant_key bigint, quantity numeric(18, 5) NOT NULL,
        codes text[] NOT NULL, serialized boolean NOT NULL, take text, seen_at timestamptz
    ) ON COMMIT DROP
"""

COPY_FILE = """
    COPY count_file (row, given_line, round, begun, counted, bin, item, variant, lot, expires, bin_key, item_key,
                     variant_key, quantity, codes, serialized) FROM STDIN
"""

# The rows as they were checked, with what was decided about them.
READ_ROWS = """
    INSERT INTO count_file
    SELECT r.row, r.given_line, r.round, r.begun, r.counted, r.bin, r.item, r.variant, r.lot, r.expires, r.bin_key,
           r.item_key, r.variant_key, r.quantity, r.codes, coalesce(i.tracking IN ('serial', 'rfid'), false), r.take,
           r.was_at
      FROM counting_importrow r LEFT JOIN warehouse_item i ON i.id = r.item_key
     WHERE r.count_import_id = %(count_import)s
"""

# What each row would do as things stand. A count stands while nobody asked for another. It is in conflict with the
# file where it is another one than the file's version knew of, or where the person was not told it: where not %(told)s
# all counts, but those of %(own)s lines. Such a count is never compared with the file's, or the answer would tell it.
# Of a line of another session, which FAULTS names, nothing is kept.
#
# Codes of units add to what was scanned on their line and are in conflict with nobody. A quantity alone stands for
# units where it tells which: all that the book has, or of items that get their numbers from us at least as many as
# carry their manufacturer's. Whether it does is told to nobody who may not see the book.
COMPARE = """
    DROP TABLE IF EXISTS pg_temp.count_outcome;
    CREATE TEMPORARY TABLE count_outcome ON COMMIT DROP AS
    SELECT f.*, l.id AS line, l.session_id, l.quant_id, coalesce(q.item_id, f.item_key) AS item_id, its.units,
           lot.id AS lot_key, lot.expiration_date AS lot_expires, known.ours,
           CASE WHEN known.ours THEN l.counted_quantity END AS was,
           CASE WHEN known.ours THEN l.counted_by_id END AS was_by,
           CASE WHEN known.ours THEN l.counted_at END AS was_at, l.round AS line_round,
           coalesce(q.last_entry <> f.begun, false) AS moved,
           md5(%(request)s || ':' || l.id)::uuid AS client_id,
           min(f.row) OVER (PARTITION BY l.id, CASE WHEN l.id IS NULL THEN ROW(f.bin_key, f.item_key, f.variant_key,
                                                                              f.lot, f.given_line) END) AS first_row,
           CASE WHEN l.id IS NOT NULL AND NOT known.ours THEN 'left'
                WHEN its.units AND f.codes = '{}' AND (NOT known.told OR NOT (
                     SELECT CASE WHEN i.auto_serialized
                                 THEN f.quantity = trunc(f.quantity)
                                      AND f.quantity >= count(u.id) FILTER (WHERE u.manufacturer_number <> '')
                                 ELSE f.quantity = count(u.id) END
                       FROM warehouse_item i LEFT JOIN warehouse_unit u ON u.quant_id = coalesce(q.id, named.id)
                      WHERE i.id = coalesce(q.item_id, f.item_key) GROUP BY i.id)) THEN 'left'
                WHEN l.id IS NULL THEN 'found'
                WHEN said.id IS NOT NULL THEN 'taken'
                WHEN its.units AND EXISTS (
                     SELECT FROM counting_unitscan s
                      WHERE s.client_id = CASE WHEN f.codes = '{}' THEN md5(%(request)s || ':' || l.id)
                                               ELSE md5(%(request)s) END::uuid
                        AND s.code = coalesce(f.codes[1], trim_scale(f.quantity)::text)) THEN 'taken'
                WHEN l.recount_asked AND f.round < l.round THEN 'asked_again'
                WHEN its.units AND f.codes <> '{}' THEN CASE
                     WHEN known.told AND NOT l.recount_asked AND NOT EXISTS (
                          SELECT FROM unnest(f.codes) AS read (code)
                           WHERE NOT EXISTS (SELECT FROM counting_sighting s
                                              WHERE s.line_id = l.id AND s.round = l.round AND s.code = read.code))
                          THEN 'same'
                     ELSE 'counted' END
                WHEN l.recount_asked OR l.counted_quantity IS NULL THEN 'counted'
                WHEN NOT known.told THEN 'conflict'
                WHEN l.counted_quantity = f.quantity THEN 'same'
                WHEN f.counted IS DISTINCT FROM (extract(epoch FROM l.counted_at) * 1000000)::bigint THEN 'conflict'
                ELSE 'changed' END AS outcome
      FROM count_file f
      LEFT JOIN warehouse_lot lot ON lot.item_id = f.item_key AND lot.number = f.lot
      LEFT JOIN warehouse_quant named ON named.bin_id = f.bin_key AND named.item_id = f.item_key
            AND coalesce(named.variant_id, 0) = coalesce(f.variant_key, 0)
            AND coalesce(named.lot_id, 0) = CASE WHEN f.lot = '' THEN 0 ELSE coalesce(lot.id, -1) END
      LEFT JOIN counting_countline held ON held.quant_id = named.id AND held.open
      LEFT JOIN counting_countline l ON l.id = coalesce(f.given_line, held.id)
      LEFT JOIN warehouse_quant q ON q.id = l.quant_id
      LEFT JOIN counting_countentry said ON said.client_id = md5(%(request)s || ':' || l.id)::uuid
     CROSS JOIN LATERAL (SELECT l.session_id = %(session)s AS ours,
                                %(told)s OR l.id = ANY(%(own)s::bigint[]) AS told) known
     CROSS JOIN LATERAL (SELECT coalesce(l.serialized, f.serialized) AS units) its
"""

# Units that a file names twice: only where it names them first.
NAMED_AGAIN = """
    SELECT count(*) OVER (), row, code
      FROM (SELECT o.row, read.code, row_number() OVER (PARTITION BY o.item_id, read.code ORDER BY o.row) AS times
              FROM count_outcome o CROSS JOIN unnest(o.codes) AS read (code)) named
     WHERE times > 1 ORDER BY row, code LIMIT %(limit)s
"""

# What is wrong with a row, once for each fault, with what is known instead.
FAULTS = """
    SELECT o.row, broken.field, broken.code, broken.known
      FROM count_outcome o
      LEFT JOIN counting_countsession s ON s.id = o.session_id
      LEFT JOIN warehouse_quant q ON q.id = o.quant_id
      LEFT JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN warehouse_itemvariant v ON v.id = q.variant_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
     CROSS JOIN LATERAL (SELECT o.session_id IS NOT DISTINCT FROM %(session)s AS ours,
                                o.given_line IS NOT NULL AS given) its
     CROSS JOIN LATERAL (VALUES
        (its.given AND (o.line IS NULL OR s.location_id <> %(location)s), 'line', 'line_unknown', ''),
        (its.given AND NOT its.ours AND s.location_id = %(location)s, 'line', 'line_elsewhere', s.number),
        (NOT its.given AND o.line IS NOT NULL AND NOT its.ours, 'item', 'counted_elsewhere', s.number),
        (its.given AND its.ours AND o.bin <> '' AND lower(o.bin) NOT IN (lower(b.code), lower(b.name)),
         'bin', 'bin_changed', b.code),
        (its.given AND its.ours AND o.item <> '' AND lower(o.item) <> lower(i.number),
         'item', 'item_changed', i.number),
        (its.given AND its.ours AND o.variant <> '' AND lower(o.variant) <> lower(coalesce(v.code, '')),
         'variant', 'variant_changed', coalesce(v.code, '–')),
        (its.given AND its.ours AND o.lot <> '' AND lower(o.lot) <> lower(coalesce(lot.number, '')),
         'lot', 'lot_changed', coalesce(lot.number, '–')),
        (NOT its.given AND o.expires <> o.lot_expires, 'expiration_date', 'lot_expires_otherwise', o.lot_expires::text),
        (its.ours AND o.line_round <> %(round)s AND o.outcome NOT IN ('same', 'taken'), 'line', 'line_closed', ''),
        (NOT o.units AND o.codes <> '{}', 'codes', 'codes_not_expected', ''),
        (o.row <> o.first_row AND (NOT o.units OR o.codes = '{}'), '', 'line_twice', o.first_row::text)
     ) broken (so, field, code, known)
     WHERE broken.so
     ORDER BY o.row
     LIMIT %(limit)s
"""

KEEP_ROWS = """
    DELETE FROM counting_importrow WHERE count_import_id = %(count_import)s;
    INSERT INTO counting_importrow (count_import_id, row, given_line, round, begun, counted, bin, item, variant, lot,
                                    expires, bin_key, item_key, variant_key, quantity, codes, line, outcome, was,
                                    was_by, was_at, moved, take)
    SELECT %(count_import)s, row, given_line, round, begun, counted, bin, item, variant, lot, expires, bin_key,
           item_key, variant_key, quantity, codes, CASE WHEN ours THEN line END, outcome, was, was_by, was_at,
           moved AND outcome <> 'left',
           CASE WHEN outcome IN ('conflict', 'asked_again') AND seen_at IS NOT DISTINCT FROM was_at THEN take END
      FROM count_outcome
"""

UNDECIDED = """
    SELECT count(*) FROM count_outcome
     WHERE outcome IN ('conflict', 'asked_again') AND (take IS NULL OR seen_at IS DISTINCT FROM was_at)
"""

# Items that have no line yet: their lots, quants (by warehouse.quants) and lines, in the order of the quants.
NEW_LOTS = """
    SELECT item_key, lot, min(expires) FROM count_outcome
     WHERE outcome = 'found' AND lot <> '' AND lot_key IS NULL GROUP BY item_key, lot
"""

NAME_QUANTS = """
    DROP TABLE IF EXISTS pg_temp.count_found;
    CREATE TEMPORARY TABLE count_found ON COMMIT DROP AS
    SELECT o.row, o.bin_key AS bin_id, o.item_key AS item_id, o.variant_key AS variant_id, lot.id AS lot_id
      FROM count_outcome o LEFT JOIN warehouse_lot lot ON lot.item_id = o.item_key AND lot.number = o.lot
     WHERE o.outcome = 'found'
"""

ADD_FOUND_LINES = """
    INSERT INTO counting_countline (session_id, quant_id, open, found, serialized, system_quantity, unit_cost,
                                    disturbed, round, recount_asked, decision, note, verified, superseded)
    SELECT %(session)s, q.id, true, true, i.tracking IN ('serial', 'rfid'), q.quantity,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END,
           false, %(round)s, false, 'open', '', false, false
      FROM (SELECT DISTINCT bin_id, item_id, variant_id, lot_id FROM count_found) f
      JOIN warehouse_quant q ON q.bin_id = f.bin_id AND q.item_id = f.item_id
                            AND q.variant_id IS NOT DISTINCT FROM f.variant_id
                            AND q.lot_id IS NOT DISTINCT FROM f.lot_id
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
     ORDER BY q.id
        ON CONFLICT DO NOTHING
"""

# What is recorded, as recording.record_upload takes it. A found item has its line by now; who took its quant meanwhile
# is named by CHECK_UPLOAD. A version's `begun` marks the line as disturbed, where stock has moved since.
FILL_UPLOAD = """
    INSERT INTO count_upload (row, line_id, quantity, begun, client_id)
    SELECT row, line, quantity, begun, client_id
      FROM count_outcome
     WHERE NOT units
       AND (outcome IN ('counted', 'changed') OR outcome IN ('conflict', 'asked_again') AND take = 'file')
"""

FILL_UPLOAD_WITH_FOUND = """
    INSERT INTO count_upload (row, line_id, quantity, begun, client_id)
    SELECT o.row, l.id, o.quantity, NULL, md5(%(request)s || ':' || l.id)::uuid
      FROM count_outcome o
      JOIN count_found f ON f.row = o.row AND NOT o.units
      JOIN warehouse_quant q ON q.bin_id = f.bin_id AND q.item_id = f.item_id
                            AND q.variant_id IS NOT DISTINCT FROM f.variant_id
                            AND q.lot_id IS NOT DISTINCT FROM f.lot_id
      JOIN counting_countline l ON l.quant_id = q.id AND l.open
"""

# Units. What the rows say of lines that are there by now: a line that was added for them is another one than was
# compared. Where somebody else took its quant meanwhile, it stays without one.

NAME_ADDED_LINES = """
    UPDATE count_outcome o SET line = l.id, quant_id = l.quant_id, client_id = md5(%(request)s || ':' || l.id)::uuid
      FROM count_found f
      JOIN warehouse_quant q ON q.bin_id = f.bin_id AND q.item_id = f.item_id AND q.lot_id IS NULL
                            AND q.variant_id IS NOT DISTINCT FROM f.variant_id
      JOIN counting_countline l ON l.quant_id = q.id AND l.open AND l.session_id = %(session)s
     WHERE o.units AND f.row = o.row
"""

UNITS_TAKEN_ELSEWHERE = """
    SELECT row FROM count_outcome WHERE units AND outcome = 'found' AND line IS NULL ORDER BY row LIMIT %(limit)s
"""

TAKES = """
    o.units AND o.line IS NOT NULL
    AND (o.outcome IN ('counted', 'changed', 'found') OR o.outcome IN ('conflict', 'asked_again') AND o.take = 'file')
"""

ANY_UNITS = f"SELECT count(DISTINCT o.line) FROM count_outcome o WHERE {TAKES}"

REQUEST_ID = "SELECT md5(%(request)s)::uuid"

# The codes as sighting.see_staged takes them. The item is known, so that a code is a unit's own, that of its
# serial number, or its manufacturer's number: in the bin, else anywhere. What a file names twice is where it is first.
STAGE_CODES = f"""
    INSERT INTO unit_scan_stage (position, code, key, bin_id, unit_id, item_id, variant_id, quant_id, entry, line_id,
                                 round)
    SELECT row_number() OVER (ORDER BY row, place), code, key, bin_id, unit_id, item_id, variant_id, quant_id, entry,
           line, round
      FROM (SELECT o.row, read.place, read.code, coalesce(u.code, read.code) AS key, q.bin_id, u.id AS unit_id,
                   q.item_id, q.variant_id, q.id AS quant_id, q.last_entry AS entry, o.line, l.round,
                   row_number() OVER (PARTITION BY q.item_id, coalesce(u.code, read.code)
                                          ORDER BY o.row, read.place) AS times
              FROM count_outcome o
             CROSS JOIN unnest(o.codes) WITH ORDINALITY AS read (code, place)
              JOIN counting_countline l ON l.id = o.line
              JOIN warehouse_quant q ON q.id = l.quant_id
              LEFT JOIN LATERAL (
                   SELECT id, code
                     FROM (SELECT 1 AS spelling, id, code, quant_id FROM warehouse_unit
                            WHERE item_id = q.item_id AND code IN (read.code, upper(read.code))
                            UNION ALL
                           SELECT 2, id, code, quant_id FROM warehouse_unit
                            WHERE item_id = q.item_id AND serial_number = read.code
                            UNION ALL
                           SELECT 3, id, code, quant_id FROM warehouse_unit
                            WHERE item_id = q.item_id AND manufacturer_number = read.code) spelled
                    ORDER BY spelling, code = read.code DESC, quant_id = q.id DESC NULLS LAST, id LIMIT 1) u ON true
             WHERE {TAKES}) named
     WHERE times = 1
"""

# What moved since the file was made, a counter who used it could not know: it is not missing.
MARK_BEGUN = f"""
    UPDATE counting_countline l SET begun = o.begun
      FROM (SELECT o.line, min(o.begun) AS begun FROM count_outcome o
             WHERE {TAKES} AND o.codes <> '{{}}' AND o.begun IS NOT NULL GROUP BY o.line) o
     WHERE l.id = o.line AND o.begun < l.begun
"""

# Quantities that stand for units. All that lie there; of items that get their numbers from us so many, those with
# their manufacturer's number first, then the oldest. What was scanned stays; what was allotted before is forgotten.
FORGET_ALLOTTED = f"""
    DELETE FROM counting_sighting g USING count_outcome o, counting_countline l
     WHERE {TAKES} AND o.codes = '{{}}' AND l.id = o.line AND g.line_id = l.id AND g.round = l.round
       AND g.kind = 'allotted'
"""
# Before anybody looks which units lie there: what comes in after this was not there to be seen.
BEGIN_QUANTITIES = f"""
    UPDATE count_outcome o SET begun = q.last_entry
      FROM counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE {TAKES} AND o.codes = '{{}}' AND l.id = o.line AND o.begun IS NULL
"""
SEE_QUANTITIES = f"""
    INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
    SELECT line, round, unit_id, code, kind, %(moment)s, last_entry, %(by)s, client_id
      FROM (SELECT o.line, o.quantity, o.client_id, l.round, u.id AS unit_id, u.code, u.last_entry,
                   CASE WHEN i.auto_serialized THEN 'allotted' ELSE 'all' END AS kind,
                   row_number() OVER (PARTITION BY o.line ORDER BY g.id IS NULL, u.manufacturer_number = '', u.id)
                   AS place
              FROM count_outcome o
              JOIN counting_countline l ON l.id = o.line
              JOIN warehouse_unit u ON u.quant_id = l.quant_id
              JOIN warehouse_item i ON i.id = u.item_id
              LEFT JOIN counting_sighting g ON g.line_id = l.id AND g.round = l.round AND g.code = u.code
             WHERE {TAKES} AND o.codes = '{{}}'
               AND NOT EXISTS (SELECT 1 FROM counting_sighting e
                                 JOIN counting_countline c ON c.id = e.line_id AND c.session_id = l.session_id
                                WHERE e.unit_id = u.id AND c.id <> l.id AND e.round = c.counted_round)) each
     WHERE place <= quantity
     ORDER BY line, place
        ON CONFLICT (line_id, round, code) DO NOTHING
"""
COUNT_QUANTITIES = f"""
    UPDATE counting_countline l
       SET counted_quantity = CASE WHEN i.auto_serialized THEN greatest(o.quantity, standing.units)
                                   ELSE standing.units END,
           book_quantity = q.quantity, watermark = q.last_entry, begun = coalesce(o.begun, q.last_entry),
           disturbed = coalesce(o.begun <> q.last_entry, false), counted_at = greatest(%(moment)s, l.counted_at),
           counted_by_id = %(by)s, counted_round = l.round, recount_asked = false, decision = 'open',
           accepted_quantity = NULL, zeroed = false, verified = false
      FROM count_outcome o
      JOIN counting_countline mine ON mine.id = o.line
      JOIN warehouse_quant q ON q.id = mine.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
     CROSS JOIN LATERAL (SELECT count(*) AS units FROM counting_sighting g
                          WHERE g.line_id = mine.id AND g.round = mine.round) standing
     WHERE {TAKES} AND o.codes = '{{}}' AND l.id = o.line
"""
KEEP_QUANTITIES = f"""
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT l.session_id, l.id, q.bin_id, NULL, trim_scale(o.quantity)::text, 'typed', l.round, %(moment)s, %(at)s,
           %(by)s, o.client_id
      FROM count_outcome o
      JOIN counting_countline l ON l.id = o.line
      JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE {TAKES} AND o.codes = '{{}}'
     ORDER BY l.id
        ON CONFLICT (client_id, code) DO NOTHING
"""
