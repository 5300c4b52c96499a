"""Statements of an import of counts. tests/counting/test_importing.py compares them with plain Python."""

# The rows of a file. As a temporary table, so that the planner can be told of them before they are compared.
CREATE_FILE = """
    DROP TABLE IF EXISTS pg_temp.count_file;
    CREATE TEMPORARY TABLE count_file (
        row int NOT NULL, given_line bigint, round smallint, begun bigint, counted bigint,
        bin text NOT NULL, item text NOT NULL, variant text NOT NULL, lot text NOT NULL, expires date,
        bin_key bigint, item_key bigint, variant_key bigint, quantity numeric(18, 5) NOT NULL,
        serialized boolean NOT NULL, take text, seen_at timestamptz
    ) ON COMMIT DROP
"""

COPY_FILE = """
    COPY count_file (row, given_line, round, begun, counted, bin, item, variant, lot, expires, bin_key, item_key,
                     variant_key, quantity, serialized) FROM STDIN
"""

# The rows as they were checked, with what was decided about them.
READ_ROWS = """
    INSERT INTO count_file
    SELECT row, given_line, round, begun, counted, bin, item, variant, lot, expires, bin_key, item_key, variant_key,
           quantity, outcome = 'left', take, was_at
      FROM counting_importrow WHERE count_import_id = %(count_import)s
"""

# What each row would do as things stand. A count stands while nobody asked for another. It is in conflict with the
# file where it is another one than the file's version knew of, or where the person was not told it: where not %(told)s
# all counts, but those of %(own)s lines. Such a count is never compared with the file's, or the answer would tell it.
# Of a line of another session, which FAULTS names, nothing is kept.
COMPARE = """
    DROP TABLE IF EXISTS pg_temp.count_outcome;
    CREATE TEMPORARY TABLE count_outcome ON COMMIT DROP AS
    SELECT f.*, l.id AS line, l.session_id, l.quant_id, lot.id AS lot_key, lot.expiration_date AS lot_expires,
           known.ours,
           CASE WHEN known.ours THEN l.counted_quantity END AS was,
           CASE WHEN known.ours THEN l.counted_by_id END AS was_by,
           CASE WHEN known.ours THEN l.counted_at END AS was_at, l.round AS line_round,
           coalesce(q.last_entry <> f.begun, false) AS moved,
           md5(%(request)s || ':' || l.id)::uuid AS client_id,
           min(f.row) OVER (PARTITION BY l.id, CASE WHEN l.id IS NULL THEN ROW(f.bin_key, f.item_key, f.variant_key,
                                                                              f.lot, f.given_line) END) AS first_row,
           CASE WHEN f.serialized THEN 'left'
                WHEN l.id IS NULL THEN 'found'
                WHEN NOT known.ours THEN 'left'
                WHEN said.id IS NOT NULL THEN 'taken'
                WHEN l.recount_asked AND f.round < l.round THEN 'asked_again'
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
        (o.row <> o.first_row AND NOT o.serialized, '', 'line_twice', o.first_row::text)
     ) broken (so, field, code, known)
     WHERE broken.so
     ORDER BY o.row
     LIMIT %(limit)s
"""

KEEP_ROWS = """
    DELETE FROM counting_importrow WHERE count_import_id = %(count_import)s;
    INSERT INTO counting_importrow (count_import_id, row, given_line, round, begun, counted, bin, item, variant, lot,
                                    expires, bin_key, item_key, variant_key, quantity, line, outcome, was, was_by,
                                    was_at, moved, take)
    SELECT %(count_import)s, row, given_line, round, begun, counted, bin, item, variant, lot, expires, bin_key,
           item_key, variant_key, quantity, CASE WHEN ours THEN line END, outcome, was, was_by, was_at,
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
    INSERT INTO counting_countline (session_id, quant_id, open, found, system_quantity, unit_cost, disturbed, round,
                                    recount_asked, decision, note, verified, superseded)
    SELECT %(session)s, q.id, true, true, q.quantity,
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
     WHERE outcome IN ('counted', 'changed') OR outcome IN ('conflict', 'asked_again') AND take = 'file'
"""

FILL_UPLOAD_WITH_FOUND = """
    INSERT INTO count_upload (row, line_id, quantity, begun, client_id)
    SELECT o.row, l.id, o.quantity, NULL, md5(%(request)s || ':' || l.id)::uuid
      FROM count_outcome o
      JOIN count_found f ON f.row = o.row
      JOIN warehouse_quant q ON q.bin_id = f.bin_id AND q.item_id = f.item_id
                            AND q.variant_id IS NOT DISTINCT FROM f.variant_id
                            AND q.lot_id IS NOT DISTINCT FROM f.lot_id
      JOIN counting_countline l ON l.quant_id = q.id AND l.open
"""
