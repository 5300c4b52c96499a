"""Counting by scan: a burst of codes in a temporary table, what each turns out to be, and what its lines come to.

The number of statements does not depend on the number of codes.
"""

CREATE_SCANS = """
    CREATE TEMPORARY TABLE IF NOT EXISTS unit_scan_code (
        position int NOT NULL, code text NOT NULL, key text NOT NULL
    ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS unit_scan_stage (
        position int NOT NULL, code text NOT NULL, key text NOT NULL, bin_id bigint NOT NULL,
        unit_id bigint, item_id bigint, variant_id bigint, lot_id bigint, fits bigint[],
        quant_id bigint, entry bigint, line_id bigint, round smallint, blocked text,
        repeated boolean NOT NULL DEFAULT false, replayed boolean NOT NULL DEFAULT false,
        stands boolean NOT NULL DEFAULT false
    ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS unit_scan_reading (
        position int NOT NULL, item_id bigint NOT NULL, variant_id bigint, key text NOT NULL, serial text NOT NULL
    ) ON COMMIT DELETE ROWS;
    DELETE FROM unit_scan_code; DELETE FROM unit_scan_stage; DELETE FROM unit_scan_reading
"""

COPY_SCANS = "COPY unit_scan_code (position, code, key) FROM STDIN"
COPY_READINGS = "COPY unit_scan_reading (position, item_id, variant_id, key, serial) FROM STDIN"

# Nearly all codes are those of units that have a line here: staged with both, they are written once and for all. What
# several units have is told apart by the item that is meant, or by this bin, where that is no secret.
STAGE_SCANS = """
    INSERT INTO unit_scan_stage (position, code, key, bin_id, unit_id, item_id, variant_id, fits, quant_id, entry,
                                 line_id, round, blocked)
    SELECT s.position, s.code, s.key, %(bin)s, found.unit_id, found.item_id, found.variant_id, found.fits, q.id,
           q.last_entry, l.id, l.round,
           CASE WHEN l.session_id <> %(session)s THEN 'elsewhere' WHEN l.round <> %(round)s THEN 'closed' END
      FROM unit_scan_code s
      LEFT JOIN (
           SELECT position, CASE WHEN count(*) = 1 THEN min(unit_id) END AS unit_id,
                  CASE WHEN count(*) = 1 THEN min(item_id) END AS item_id,
                  CASE WHEN count(*) = 1 THEN min(variant_id) END AS variant_id,
                  CASE WHEN count(*) > 1 THEN array_agg(item_id ORDER BY item_id) END AS fits
             FROM (SELECT c.position, u.id AS unit_id, u.item_id, u.variant_id,
                          rank() OVER (PARTITION BY c.position
                                       ORDER BY (u.item_id = %(meant)s) DESC NULLS LAST,
                                                (q.bin_id = %(bin)s AND %(told)s) DESC NULLS LAST)
                     FROM unit_scan_code c
                     JOIN warehouse_unit u ON u.code = c.key
                     LEFT JOIN warehouse_quant q ON q.id = u.quant_id) ranked
            WHERE rank = 1 GROUP BY position) found ON found.position = s.position
      LEFT JOIN warehouse_quant q ON q.bin_id = %(bin)s AND q.item_id = found.item_id
                                 AND q.variant_id IS NOT DISTINCT FROM found.variant_id AND q.lot_id IS NULL
      LEFT JOIN counting_countline l ON l.quant_id = q.id AND l.open
"""

# Of the others, and of what is no unit of the item that is meant: by the code itself, typed in small letters, or the
# manufacturer's number. Where several items fit: the one that is meant; the likelier spelling; the unit that lies in
# this bin, where that is no secret. What then still fits several is asked about.
FIND_UNITS = """
    UPDATE unit_scan_stage s
       SET unit_id = CASE WHEN found.fits = 1 THEN found.unit_id END, key = CASE WHEN found.fits = 1 THEN found.code
           ELSE s.key END, item_id = CASE WHEN found.fits = 1 THEN found.item_id END,
           variant_id = CASE WHEN found.fits = 1 THEN found.variant_id END,
           fits = CASE WHEN found.fits > 1 THEN found.items END,
           quant_id = NULL, entry = NULL, line_id = NULL, round = NULL, blocked = NULL
      FROM (SELECT position, count(*) AS fits, array_agg(item_id ORDER BY item_id) AS items, min(unit_id) AS unit_id,
                   min(code) AS code, min(item_id) AS item_id, min(variant_id) AS variant_id
              FROM (SELECT s.position, u.*, rank() OVER (PARTITION BY s.position
                           ORDER BY (u.item_id = %(meant)s) DESC NULLS LAST, u.spelling,
                                    (q.bin_id = s.bin_id AND %(told)s) DESC NULLS LAST)
                      FROM (SELECT * FROM unit_scan_stage
                             WHERE unit_id IS NULL AND fits IS NULL OR item_id IS DISTINCT FROM %(meant)s::bigint
                               AND %(meant)s IS NOT NULL) s
                     CROSS JOIN LATERAL (
                        SELECT 1 AS spelling, id AS unit_id, code, item_id, variant_id, quant_id
                          FROM warehouse_unit WHERE code = s.key
                         UNION ALL
                        SELECT 2, id, code, item_id, variant_id, quant_id
                          FROM warehouse_unit WHERE code = upper(s.key) AND s.key <> upper(s.key)
                         UNION ALL
                        SELECT 3, id, code, item_id, variant_id, quant_id
                          FROM warehouse_unit WHERE manufacturer_number = s.code AND manufacturer_number <> ''
                           AND code <> s.code) u
                      LEFT JOIN warehouse_quant q ON q.id = u.quant_id) ranked
             WHERE rank = 1 GROUP BY position) found
     WHERE found.position = s.position
"""

NOT_FOUND = "SELECT position, code FROM unit_scan_stage WHERE unit_id IS NULL AND fits IS NULL ORDER BY position"

# What tags and labels say of themselves: the item, and the serial number that is unique for it. And codes that nobody
# knows, of the item of the line that was named.
FIND_READ_UNITS = """
    UPDATE unit_scan_stage s
       SET unit_id = CASE WHEN found.fits = 1 THEN found.unit_id END,
           key = CASE WHEN found.fits = 1 THEN found.key ELSE s.key END,
           item_id = CASE WHEN found.fits = 1 THEN found.item_id END,
           variant_id = CASE WHEN found.fits = 1 THEN found.variant_id END,
           fits = CASE WHEN found.fits > 1 THEN found.items END
      FROM (SELECT position, count(*) AS fits, array_agg(item_id ORDER BY item_id) AS items, min(unit_id) AS unit_id,
                   min(key) AS key, min(item_id) AS item_id, min(variant_id) AS variant_id
              FROM (SELECT r.position, u.id AS unit_id, r.item_id, coalesce(u.code, r.key) AS key,
                           CASE WHEN u.id IS NULL THEN r.variant_id ELSE u.variant_id END AS variant_id,
                           rank() OVER (PARTITION BY r.position
                                        ORDER BY (r.item_id = %(meant)s) DESC NULLS LAST, u.id IS NULL,
                                                 (q.bin_id = %(bin)s AND %(told)s) DESC NULLS LAST)
                      FROM unit_scan_reading r
                      LEFT JOIN warehouse_unit u ON u.item_id = r.item_id AND u.serial_number = r.serial
                                                AND r.serial <> ''
                      LEFT JOIN warehouse_quant q ON q.id = u.quant_id) ranked
             WHERE rank = 1 GROUP BY position) found
     WHERE found.position = s.position
"""

# The line of its own item in this bin. A line of another count, or one that is not asked for in this round, takes none.
# What comes into the quant from now on was not there to be seen.
FIND_LINES = """
    UPDATE unit_scan_stage s
       SET quant_id = q.id, entry = q.last_entry, line_id = l.id, round = l.round,
           blocked = CASE WHEN l.session_id <> %(session)s THEN 'elsewhere' WHEN l.round <> %(round)s THEN 'closed' END
      FROM warehouse_quant q
      LEFT JOIN counting_countline l ON l.quant_id = q.id AND l.open
     WHERE q.bin_id = s.bin_id AND q.item_id = s.item_id AND q.variant_id IS NOT DISTINCT FROM s.variant_id
       AND q.lot_id IS NULL AND s.line_id IS NULL
"""

NO_LINE = "item_id IS NOT NULL AND line_id IS NULL"
ANY_WITHOUT_LINE = f"SELECT EXISTS (SELECT 1 FROM unit_scan_stage WHERE {NO_LINE})"
QUANTS_WITHOUT_LINE = f"SELECT DISTINCT quant_id FROM unit_scan_stage WHERE {NO_LINE} ORDER BY quant_id"

# Codes without a place are parked once for each bin: whoever parks there at the same time waits.
LOCK_LINES = """
    SELECT count(pg_advisory_xact_lock(hashtextextended('parked in ' || bin_id, 0)))
      FROM (SELECT DISTINCT bin_id FROM unit_scan_stage WHERE item_id IS NULL AND fits IS NULL) unknown;
    SELECT count(*) FROM (
        SELECT id FROM counting_countline
         WHERE id IN (SELECT line_id FROM unit_scan_stage WHERE blocked IS NULL)
         ORDER BY id FOR NO KEY UPDATE) locked
"""

# Taken when the lines are locked, so that what stands on a line is in the order of its times. One for a whole burst.
MOMENT = """
    SELECT least(greatest(clock_timestamp() - %(age)s::interval, opened_at), clock_timestamp())
      FROM counting_countsession WHERE id = %(session)s
"""

# What was scanned before a recount was asked belongs to the round before, unless the count of then was carried over.
ROUNDS_OF_LATE_SCANS = """
    UPDATE unit_scan_stage s
       SET round = CASE WHEN l.counted_round < l.round THEN l.counted_round ELSE l.round - 1 END
      FROM counting_countline l JOIN counting_countsession c ON c.id = l.session_id
     WHERE s.blocked IS NULL AND l.id = s.line_id AND l.round > 1 AND %(moment)s < c.marked_at
       AND EXISTS (SELECT 1 FROM counting_sighting b WHERE b.line_id = l.id AND b.round < l.round)
       AND NOT EXISTS (SELECT 1 FROM counting_sighting b
                        WHERE b.line_id = l.id AND b.round = l.round AND b.seen_at < c.marked_at)
"""

# The request came before, with these codes.
MARK_REPLAYED = """
    UPDATE unit_scan_stage s SET replayed = true
      FROM counting_unitscan k WHERE k.client_id = %(client_id)s AND k.code = s.code
"""

# One thing that was scanned by two of its codes is one.
MARK_REPEATED = """
    UPDATE unit_scan_stage s SET repeated = true
      FROM (SELECT line_id, key, min(position) AS position FROM unit_scan_stage
             WHERE line_id IS NOT NULL GROUP BY line_id, key HAVING count(*) > 1) first
     WHERE s.line_id = first.line_id AND s.key = first.key AND s.position > first.position
"""

NEWEST_ENTRY = "coalesce(u.last_entry, 0)"
NEWEST_ENTRY_THEN = """coalesce((SELECT max(e.id) FROM ledger_warehouseentry e
                                    JOIN ledger_register r ON r.id = e.register_id
                                   WHERE e.unit_id = s.unit_id AND r.posted_at <= %(moment)s), 0)"""

# What stands there already was seen again now: a movement in between has not taken it away. xmax is 0 in new rows. Only
# what is not new is marked: in a burst it is the exception.
SEE = """
    WITH seen AS (
        INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
        SELECT s.line_id, s.round, s.unit_id, s.key, 'seen', %(moment)s, {newest_entry}, %(by)s, %(client_id)s
          FROM unit_scan_stage s LEFT JOIN warehouse_unit u ON u.id = s.unit_id
         WHERE s.line_id IS NOT NULL AND s.blocked IS NULL AND NOT s.replayed AND NOT s.repeated
         ORDER BY s.position
            ON CONFLICT (line_id, round, code) DO UPDATE
               SET kind = 'seen', seen_at = greatest(counting_sighting.seen_at, excluded.seen_at),
                   unit_entry = greatest(counting_sighting.unit_entry, excluded.unit_entry)
        RETURNING line_id, code, xmax <> 0 AS stood)
    UPDATE unit_scan_stage s SET stands = true
      FROM seen WHERE seen.stood AND seen.line_id = s.line_id AND seen.code = s.key
"""

IS_NEW = "(s.line_id IS NOT NULL AND s.blocked IS NULL AND NOT (s.replayed OR s.repeated OR s.stands))"  # after SEE

FRESH = "(l.counted_quantity IS NULL OR l.zeroed OR l.counted_round IS DISTINCT FROM l.round)"
STANDING = "(SELECT count(*) FROM counting_sighting g WHERE g.line_id = l.id AND g.round = l.round)"
BEGUN = "CASE WHEN l.id = %(named)s THEN %(begun)s::bigint END"  # what a page knew, of the line that it names
UNDECIDED = "decision = 'open', accepted_quantity = NULL, zeroed = false, verified = false"
NEW_ON_LINES = f"""SELECT line_id, round, count(*) AS number, min(entry) AS entry
                     FROM unit_scan_stage s WHERE {IS_NEW} GROUP BY line_id, round"""

# Book and watermark come from one row version of the quant. A line that is counted on keeps the `begun` of its first
# scan of the round. What moves while units are scanned disturbs nothing: of each it is known whether it moved before or
# after it was seen, and what came in since `begun` is not missing. Adding to what stands there keeps a quantity that
# was typed above the units (auto-serialized), and costs the same however many stand there.
COUNT_SEEN = f"""
    UPDATE counting_countline l
       SET counted_quantity = CASE WHEN {FRESH} THEN {STANDING} ELSE l.counted_quantity + new.number END,
           book_quantity = q.quantity, watermark = q.last_entry,
           begun = CASE WHEN {FRESH} THEN coalesce({BEGUN}, new.entry) ELSE l.begun END,
           disturbed = l.disturbed AND NOT {FRESH},
           counted_at = greatest(%(moment)s, l.counted_at), counted_by_id = %(by)s, counted_round = l.round,
           recount_asked = false, {UNDECIDED}
      FROM ({NEW_ON_LINES}) new, warehouse_quant q
     WHERE l.id = new.line_id AND q.id = l.quant_id
"""

# Of scans that come late: book and watermark of then, where nothing on the line was scanned after them; and what an
# earlier round has seen is added to the count of that round, if it stands still.
COUNT_SEEN_LATE = f"""
    UPDATE counting_countline l
       SET counted_quantity = CASE WHEN {FRESH} AND new.round = l.round THEN {STANDING}
                                   ELSE l.counted_quantity + new.number END,
           book_quantity = CASE WHEN newest.so THEN q.quantity - later.quantity ELSE l.book_quantity END,
           watermark = CASE WHEN newest.so THEN earlier.entry ELSE l.watermark END,
           begun = least(CASE WHEN {FRESH} AND new.round = l.round THEN NULL ELSE l.begun END,
                         coalesce({BEGUN}, earlier.entry)),
           disturbed = l.disturbed AND NOT ({FRESH} AND new.round = l.round),
           counted_at = CASE WHEN newest.so THEN %(moment)s ELSE l.counted_at END,
           counted_by_id = CASE WHEN newest.so THEN %(by)s ELSE l.counted_by_id END,
           counted_round = new.round, recount_asked = l.recount_asked AND new.round < l.round, {UNDECIDED}
      FROM ({NEW_ON_LINES}) new, counting_countline o, warehouse_quant q
     CROSS JOIN LATERAL (SELECT coalesce(sum(e.quantity), 0) AS quantity
                           FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                          WHERE e.quant_id = q.id AND r.posted_at > %(moment)s) later
     CROSS JOIN LATERAL (SELECT coalesce(max(e.id), 0) AS entry
                           FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                          WHERE e.quant_id = q.id AND r.posted_at <= %(moment)s) earlier
     CROSS JOIN LATERAL (SELECT o.counted_quantity IS NULL OR o.zeroed OR o.counted_round < new.round
                                OR o.counted_at <= %(moment)s AS so) newest
     WHERE l.id = new.line_id AND o.id = l.id AND q.id = l.quant_id
       AND (new.round = l.round OR l.counted_round = new.round AND l.counted_quantity IS NOT NULL)
"""

# Codes that have no place in the count: one for each code and bin, until somebody settles it.
PARK = """
    INSERT INTO counting_putaside (session_id, bin_id, belongs_in_id, code, note, by_id, at, client_id)
    SELECT %(session)s, s.bin_id, NULL, s.code, '', %(by)s, %(moment)s, md5(%(client_id)s::text || s.code)::uuid
      FROM unit_scan_stage s
     WHERE s.item_id IS NULL AND s.fits IS NULL AND NOT s.replayed
       AND NOT EXISTS (SELECT 1 FROM counting_putaside p
                        WHERE p.session_id = %(session)s AND p.bin_id = s.bin_id AND p.code = s.code
                          AND p.settled_at IS NULL)
     ORDER BY s.position
        ON CONFLICT (client_id) DO NOTHING
"""

# Every scan is kept, but for those that ask which item is meant: the answer brings them again.
KEEP_SCANS = """
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT %(session)s, CASE WHEN s.blocked IS NULL THEN s.line_id END, s.bin_id, s.unit_id, s.code, 'seen',
           coalesce(s.round, %(round)s), %(moment)s, clock_timestamp(), %(by)s, %(client_id)s
      FROM unit_scan_stage s
     WHERE s.fits IS NULL AND NOT s.replayed
     ORDER BY s.position
        ON CONFLICT (client_id, code) DO NOTHING
"""

# What is answered. A request that comes again is told what it was told at first: what it brought itself is new.
ANSWERS = f"""
    SELECT s.code, s.key, s.unit_id, u.state, s.item_id, i.number, i.name, s.line_id, s.quant_id, s.fits, s.blocked,
           CASE WHEN s.blocked IS NOT NULL
                THEN (SELECT c.number FROM counting_countline l JOIN counting_countsession c ON c.id = l.session_id
                       WHERE l.id = s.line_id) END AS holder,
           CASE WHEN s.replayed
                THEN NOT s.repeated
                     AND EXISTS (SELECT 1 FROM counting_sighting g
                                  WHERE g.line_id = s.line_id AND g.round = s.round AND g.code = s.key
                                    AND g.client_id = %(client_id)s)
                ELSE {IS_NEW} END AS is_new,
           q.bin_id, q.location_id, b.code AS bin
      FROM unit_scan_stage s
      LEFT JOIN warehouse_unit u ON u.id = s.unit_id
      LEFT JOIN warehouse_item i ON i.id = s.item_id
      LEFT JOIN warehouse_quant q ON q.id = u.quant_id
      LEFT JOIN warehouse_bin b ON b.id = q.bin_id
     ORDER BY s.position
"""

# Lines that are counted otherwise than by scans: all present, none here, by a quantity.

# With the newest entry of the quant of each: what comes in after that was not there to be seen.
LOCK_THESE = """
    SELECT l.id, q.last_entry FROM counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE l.id = ANY(%(lines)s) AND l.session_id = %(session)s AND l.open AND l.serialized
       AND l.round = (SELECT round FROM counting_countsession WHERE id = %(session)s)
     ORDER BY l.id FOR NO KEY UPDATE OF l
"""

WAS_TAKEN = "SELECT EXISTS (SELECT 1 FROM counting_unitscan WHERE client_id = %(client_id)s)"

SEEN_ON = """
    SELECT count(*) FROM counting_sighting g JOIN counting_countline l ON l.id = g.line_id AND g.round = l.round
     WHERE l.id = ANY(%(lines)s)
"""

# Only where nothing moved since the page was shown; such lines are returned. A unit that was seen already stays so.
SEE_ALL_EXPECTED = """
    WITH still AS (
        SELECT l.id AS line_id, l.round, l.quant_id
          FROM unnest(%(lines)s::bigint[], %(entries)s::bigint[]) shown (line_id, entry)
          JOIN counting_countline l ON l.id = shown.line_id
          JOIN warehouse_quant q ON q.id = l.quant_id AND q.last_entry = shown.entry),
    seen AS (
        INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
        SELECT still.line_id, still.round, u.id, u.code, 'all', %(moment)s, u.last_entry, %(by)s, %(client_id)s
          FROM still JOIN warehouse_unit u ON u.quant_id = still.quant_id
         ORDER BY still.line_id, u.code
            ON CONFLICT (line_id, round, code) DO NOTHING)
    SELECT line_id FROM still
"""

# Units that lie here and are said to be here by a quantity: those with a manufacturer's number first, the others in
# the order in which they came to be known. What was scanned counts as well; what was allotted before is allotted anew.
FORGET_ALLOTTED = """
    DELETE FROM counting_sighting g USING counting_countline l
     WHERE l.id = %(line)s AND g.line_id = l.id AND g.round = l.round AND g.kind IN ('allotted', 'all')
"""

# Those that were seen on another line of the session are there.
TO_ALLOT = """
    SELECT u.* FROM counting_countline l JOIN warehouse_unit u ON u.quant_id = l.quant_id
     WHERE l.id = %(line)s
       AND NOT EXISTS (SELECT 1 FROM counting_sighting g
                         JOIN counting_countline o ON o.id = g.line_id AND o.session_id = l.session_id
                        WHERE g.unit_id = u.id AND (o.id <> l.id AND g.round = o.counted_round
                                                    OR o.id = l.id AND g.round = l.round))
"""

ALLOTTABLE = f"""
    SELECT count(*), count(*) FILTER (WHERE manufacturer_number <> '') FROM ({TO_ALLOT}) units
"""

ALLOT = f"""
    INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
    SELECT l.id, l.round, u.id, u.code, 'allotted', %(moment)s, u.last_entry, %(by)s, %(client_id)s
      FROM counting_countline l,
           (SELECT * FROM ({TO_ALLOT}) units ORDER BY manufacturer_number = '', id LIMIT %(number)s) u
     WHERE l.id = %(line)s
"""

KEEP_SEEN = """
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT l.session_id, l.id, q.bin_id, g.unit_id, g.code, g.kind, g.round, g.seen_at, g.seen_at, g.by_id, g.client_id
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
      JOIN counting_sighting g ON g.line_id = l.id AND g.round = l.round
     WHERE l.id = ANY(%(lines)s) AND g.client_id = %(client_id)s
        ON CONFLICT (client_id, code) DO NOTHING
"""

# A quantity that was said, as evidence: twice is once. One for each line.
KEEP_TYPED = """
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT l.session_id, l.id, q.bin_id, NULL, %(quantity)s, 'typed', l.round, %(moment)s, %(moment)s, %(by)s,
           CASE WHEN cardinality(%(lines)s) = 1 THEN %(client_id)s
                ELSE md5(%(client_id)s::text || l.id::text)::uuid END
      FROM counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE l.id = ANY(%(lines)s)
        ON CONFLICT (client_id, code) DO NOTHING
"""

# The line says what stands on it, and `more` above that: pieces of an auto-serialized item that have no number yet.
# Where a quantity says which units are here (`allots`), stock that moves meanwhile disturbs the line as it does others.
COUNT_STANDING = f"""
    UPDATE counting_countline l
       SET counted_quantity = {STANDING} + %(more)s, book_quantity = q.quantity, watermark = q.last_entry,
           begun = CASE WHEN {FRESH} THEN locked.entry ELSE l.begun END,
           disturbed = %(allots)s AND CASE WHEN {FRESH} THEN locked.entry <> q.last_entry
                                           ELSE l.disturbed OR l.begun <> q.last_entry END,
           counted_at = greatest(%(moment)s, l.counted_at), counted_by_id = %(by)s, counted_round = l.round,
           recount_asked = false, {UNDECIDED}
      FROM unnest(%(locked)s::bigint[], %(entries_then)s::bigint[]) locked (line_id, entry), warehouse_quant q
     WHERE l.id = ANY(%(lines)s) AND locked.line_id = l.id AND q.id = l.quant_id
"""

# Taking back. Blank again, which is not the same as zero, where nothing is left.

# A quantity that was said of many lines at once has a key of its own for each (KEEP_TYPED).
OF_THIS_REQUEST = """k.session_id = %(session)s
       AND k.client_id = ANY(ARRAY(SELECT md5(%(burst)s::text || l.id::text)::uuid FROM counting_countline l
                                    WHERE l.session_id = %(session)s AND l.serialized AND l.open) || %(burst)s::uuid)"""
LINES_OF_REQUEST = f"""
    SELECT DISTINCT k.line_id FROM counting_unitscan k WHERE {OF_THIS_REQUEST} AND k.line_id IS NOT NULL ORDER BY 1
"""

TAKE_BACK = f"""
    WITH gone AS (
        DELETE FROM counting_sighting g USING counting_countline l
         WHERE l.id = ANY(%(lines)s) AND g.line_id = l.id AND g.round = l.round AND {{which}}
        RETURNING g.line_id, g.round, g.unit_id, g.code),
    kept AS (
        INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                       by_id, client_id)
        SELECT l.session_id, l.id, q.bin_id, gone.unit_id, gone.code, 'back', gone.round, %(moment)s, %(moment)s,
               %(by)s, %(client_id)s
          FROM gone JOIN counting_countline l ON l.id = gone.line_id JOIN warehouse_quant q ON q.id = l.quant_id
         ORDER BY gone.code
            ON CONFLICT (client_id, code) DO NOTHING),
    counted AS (
        UPDATE counting_countline l
           SET counted_quantity = nullif(l.counted_quantity - gone.number, 0),
               book_quantity = CASE WHEN l.counted_quantity > gone.number THEN q.quantity END,
               watermark = CASE WHEN l.counted_quantity > gone.number THEN q.last_entry END,
               begun = CASE WHEN l.counted_quantity > gone.number THEN l.begun END,
               disturbed = l.counted_quantity > gone.number AND l.disturbed,
               counted_at = greatest(%(moment)s, l.counted_at), counted_by_id = %(by)s,
               recount_asked = l.counted_quantity <= gone.number AND l.round > 1, {UNDECIDED}
          FROM (SELECT line_id, count(*) AS number FROM gone GROUP BY line_id) gone, warehouse_quant q
         WHERE l.id = gone.line_id AND q.id = l.quant_id AND l.counted_round = l.round)
    SELECT count(*) FROM gone
"""
THESE_CODES = "g.code = ANY(%(codes)s)"
OF_REQUEST = "g.client_id = %(burst)s"

# What was asked for and did not stand there: so that the same request does nothing when it comes again.
KEEP_ASKED_BACK = """
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT l.session_id, l.id, q.bin_id, NULL, left(asked.code, 200), 'back', l.round, %(moment)s, %(moment)s, %(by)s,
           %(client_id)s
      FROM unnest(%(codes)s::text[]) asked (code), counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
     WHERE l.id = ANY(%(lines)s)
        ON CONFLICT (client_id, code) DO NOTHING
"""

# What a later request has scanned as well belongs to that from now on.
LEAVE_TO_LATER = """
    UPDATE counting_sighting g SET client_id = later.client_id, by_id = later.by_id
      FROM counting_unitscan mine
     CROSS JOIN LATERAL (
           SELECT k.client_id, k.by_id FROM counting_unitscan k
            WHERE k.session_id = mine.session_id AND k.line_id = mine.line_id AND k.round = mine.round
              AND k.kind = 'seen' AND k.client_id <> mine.client_id AND k.id > mine.id
              AND NOT EXISTS (SELECT 1 FROM counting_unitscan back
                               WHERE back.client_id = md5('back of ' || k.client_id::text)::uuid AND back.code = k.code)
              AND (k.unit_id = mine.unit_id OR k.unit_id IS NULL AND mine.unit_id IS NULL AND k.code = mine.code)
            ORDER BY k.id LIMIT 1) later
     WHERE mine.client_id = %(burst)s AND mine.session_id = %(session)s AND mine.kind = 'seen'
       AND g.client_id = %(burst)s AND g.line_id = mine.line_id AND g.round = mine.round
       AND (g.unit_id = mine.unit_id OR g.unit_id IS NULL AND mine.unit_id IS NULL AND g.code = mine.code)
"""

# What a request scanned as well, and others before it: so that it is known to be taken back, should they be too.
KEEP_REPEATS_BACK = """
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT k.session_id, k.line_id, k.bin_id, k.unit_id, k.code, 'back', k.round, %(moment)s, %(moment)s, %(by)s,
           md5('back of ' || k.client_id::text)::uuid
      FROM counting_unitscan k
     WHERE k.client_id = %(burst)s AND k.session_id = %(session)s AND k.kind = 'seen'
       AND EXISTS (SELECT 1 FROM counting_sighting g
                    WHERE g.line_id = k.line_id AND g.round = k.round AND (g.unit_id = k.unit_id OR g.code = k.code))
        ON CONFLICT (client_id, code) DO NOTHING
"""

# Lines that this request said to be empty, where nobody has said anything since: blank again, which is not zero.
UNSAY_NONE = f"""
    WITH said AS (
        SELECT k.line_id, max(k.id) AS scan FROM counting_unitscan k
         WHERE {OF_THIS_REQUEST} AND k.kind = 'typed' AND k.code = '0' GROUP BY k.line_id),
    blank AS (
        UPDATE counting_countline l
           SET counted_quantity = NULL, book_quantity = NULL, watermark = NULL, begun = NULL, disturbed = false,
               counted_at = greatest(%(moment)s, l.counted_at), counted_by_id = %(by)s,
               recount_asked = l.round > 1, {UNDECIDED}
          FROM said
         WHERE l.id = said.line_id AND l.counted_quantity = 0 AND l.counted_round = l.round
           AND NOT EXISTS (SELECT 1 FROM counting_unitscan later
                            WHERE later.session_id = l.session_id AND later.line_id = l.id AND later.id > said.scan)
        RETURNING l.id)
    INSERT INTO counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at, received_at,
                                   by_id, client_id)
    SELECT l.session_id, l.id, q.bin_id, NULL, '0', 'back', l.round, %(moment)s, %(moment)s, %(by)s,
           md5(%(client_id)s::text || l.id::text)::uuid
      FROM blank JOIN counting_countline l ON l.id = blank.id JOIN warehouse_quant q ON q.id = l.quant_id
        ON CONFLICT (client_id, code) DO NOTHING
"""

UNPARK = """
    DELETE FROM counting_putaside p USING counting_unitscan k
     WHERE k.client_id = %(burst)s AND k.session_id = %(session)s AND p.session_id = k.session_id
       AND p.client_id = md5(k.client_id::text || k.code)::uuid AND p.settled_at IS NULL
"""

# What becomes of sightings where all counts are cleared, and where the session goes back to counting.

CLEAR_SIGHTINGS = """
    DELETE FROM counting_sighting g USING counting_countline l, counting_countsession s
     WHERE s.id = %(session)s AND l.session_id = s.id AND l.serialized AND l.open AND l.round = s.round
       AND NOT l.recount_asked AND g.line_id = l.id AND g.round = l.round
"""

CARRY_SIGHTINGS_OVER = """
    INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
    SELECT l.id, l.round, g.unit_id, g.code, g.kind, g.seen_at, g.unit_entry, g.by_id, g.client_id
      FROM counting_countline l JOIN counting_sighting g ON g.line_id = l.id AND g.round = l.counted_round
     WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity IS NOT NULL AND NOT l.recount_asked
       AND l.counted_round < l.round
     ORDER BY g.id
        ON CONFLICT (line_id, round, code) DO NOTHING
"""
