"""What becomes of units: which of a count differ from the books, and how."""

from counting.sql.uncounted import OPEN_TO_ZERO

# Whether a line posts anything of its own (%(leave)s: what nobody has accepted is left as it is).
POSTS = "l.decision <> 'left_out' AND NOT l.recount_asked AND NOT (%(leave)s AND l.decision <> 'accepted')"

# A document that really moved the unit after it was seen, and that nobody has taken back.
MOVED_SINCE = """
    u.last_entry > s.unit_entry
    AND EXISTS (SELECT 1 FROM ledger_warehouseentry e
                 WHERE e.unit_id = u.id AND e.id > s.unit_entry AND e.effect = 'moved'
                   AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id))
"""

# Another count that has seen the unit elsewhere and was not cancelled: of what is missing here any open one of the
# location, and one that ended only if it saw the unit after this line was counted; of what was seen here a later one.
# Where the posting of the unit was taken back, a count that ended says nothing about it.
SEEN_BY_ANOTHER = """
    SELECT o.line_id
      FROM counting_sighting o
      JOIN counting_countline ol ON ol.id = o.line_id AND ol.counted_round = o.round
      JOIN counting_countsession os ON os.id = ol.session_id
     WHERE o.unit_id = u.id AND os.id <> %(session)s AND os.status <> 'cancelled'
       AND CASE WHEN seen.line_id IS NULL
                THEN os.location_id = %(location)s AND (os.status <> 'completed' OR o.seen_at > l.counted_at)
                ELSE (o.seen_at, o.id) > (seen.seen_at, seen.id) AND ol.quant_id <> l.quant_id END
       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry e
                         JOIN ledger_warehouseentry undone ON undone.undoes_id = e.id
                        WHERE e.unit_id = u.id AND e.register_id IN (os.adjustment_id, os.transfer_id))
     ORDER BY o.seen_at DESC, o.id DESC LIMIT 1
"""

# Where what is missing is searched for; a location has one at most.
MISSING_BIN = "(SELECT id FROM warehouse_bin WHERE location_id = %(location)s AND kind = 'missing')"

AVERAGE = "CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 4) ELSE round(i.unit_cost, 4) END"
VALUED = """
    LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                 AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
"""

# All units of a session that differ, one row each (`quantity` more than one only for a surplus that has no codes yet).
# What lies where a line was counted, and what was seen, are put together by unit; nearly always a unit was seen once,
# on the line where it lies, and is dropped there. The rest is looked up one by one through keys: the planner knows
# nothing of a session that was opened just now, and would join rows with each other that are a hundred thousand
# (OFFSET 0 keeps it from turning a look-up into a join).
# A code that nobody knew when it was scanned is looked for again: it may have been received since.
# %(zero_up_to)s as in completing.DIGEST; %(search)s: what is missing goes into the missing bin.
DIFFERING = f"""
    gathered AS (
        SELECT u.id AS unit_id, l.id AS lies_on, NULL::bigint AS sighting_id, NULL::bigint AS seen_on
          FROM counting_countline l
          JOIN warehouse_unit u ON u.quant_id = l.quant_id
         WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity IS NOT NULL
         UNION ALL
        SELECT u.id, l.id, NULL, NULL
          FROM counting_countline l
          JOIN warehouse_quant q ON q.id = l.quant_id AND q.last_entry <= %(zero_up_to)s
          JOIN warehouse_unit u ON u.quant_id = l.quant_id
         WHERE l.session_id = %(session)s AND l.serialized AND {OPEN_TO_ZERO}
         UNION ALL
        SELECT s.unit_id, NULL, s.id, l.id
          FROM counting_countline l
          JOIN counting_sighting s ON s.line_id = l.id AND s.round = l.counted_round AND s.unit_id IS NOT NULL
         WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity IS NOT NULL
         UNION ALL
        SELECT u.id, NULL, s.id, l.id
          FROM counting_countline l
          JOIN counting_sighting s ON s.line_id = l.id AND s.round = l.counted_round AND s.unit_id IS NULL
          JOIN warehouse_quant q ON q.id = l.quant_id
          JOIN warehouse_unit u ON u.item_id = q.item_id AND u.code = s.code
         WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity IS NOT NULL),
    odd AS (
        SELECT unit_id, max(lies_on) AS lies_on,
               array_agg(sighting_id) FILTER (WHERE sighting_id IS NOT NULL) AS sightings
          FROM gathered
         GROUP BY unit_id
        HAVING count(seen_on) <> 1 OR min(seen_on) IS DISTINCT FROM max(lies_on)),
    judged AS (
        SELECT CASE WHEN seen.line_id IS NULL
                    THEN CASE WHEN another.line_id IS NOT NULL THEN 'seen_elsewhere'
                              WHEN %(search)s AND q.bin_id IS DISTINCT FROM {MISSING_BIN} THEN 'search'
                              ELSE 'write_off' END
                    WHEN u.variant_id IS DISTINCT FROM q.variant_id THEN 'other_variant'
                    WHEN seen.overtaken THEN 'moved_since'
                    WHEN seen.places > 1 AND seen.settled IS NOT TRUE OR u.quant_id = l.quant_id THEN 'conflict'
                    WHEN another.line_id IS NOT NULL THEN 'seen_later'
                    WHEN u.state = 'released' THEN 'released'
                    WHEN u.state = 'in_stock' AND booked.location_id <> %(location)s THEN 'other_location'
                    WHEN u.state = 'in_stock' THEN 'transfer'
                    WHEN u.last_entry > 0 THEN 'found'
                    WHEN i.auto_serialized THEN 'new'
                    ELSE 'unknown' END AS verdict,
               u.id AS unit_id, u.item_id, u.code, l.id AS line_id, l.quant_id,
               CASE WHEN booked.location_id = %(location)s THEN booked.id END AS booked_id,
               CASE WHEN u.last_entry = 0 THEN {AVERAGE} ELSE u.cost END AS cost, 1 AS quantity,
               coalesce(d.post, true) AS ticked, {POSTS} AS posts, coalesce(seen.settled, false) AS settled,
               seen.lines AS seen_on, another.line_id AS other_line_id, lost.id AS missing_id
          FROM odd
          JOIN warehouse_unit u ON u.id = odd.unit_id
          LEFT JOIN counting_unitdecision d ON d.session_id = %(session)s AND d.item_id = u.item_id AND d.code = u.code
          LEFT JOIN LATERAL (
               SELECT its.*, its.places > 1 AND its.line_id = d.line_id AND its.newest <= d.at AS settled
                 FROM (SELECT each.*, count(*) FILTER (WHERE NOT overtaken) OVER () AS places,
                              max(seen_at) FILTER (WHERE NOT overtaken) OVER () AS newest,
                              array_agg(line_id) FILTER (WHERE NOT overtaken) OVER () AS lines
                         FROM (SELECT s.id, s.line_id, s.seen_at, {MOVED_SINCE} AS overtaken
                                 FROM unnest(odd.sightings) which (id) JOIN counting_sighting s ON s.id = which.id) each
                      ) its
                ORDER BY its.overtaken, its.line_id IS NOT DISTINCT FROM d.line_id DESC, its.seen_at DESC, its.id DESC
                LIMIT 1) seen ON true
          JOIN counting_countline l ON l.id = coalesce(seen.line_id, odd.lies_on)
         CROSS JOIN LATERAL (SELECT * FROM warehouse_quant WHERE id = l.quant_id OFFSET 0) q
          JOIN warehouse_item i ON i.id = u.item_id
          LEFT JOIN warehouse_quant booked ON booked.id = u.quant_id
          LEFT JOIN warehouse_quant lost ON lost.bin_id = {MISSING_BIN} AND lost.item_id = q.item_id
                                        AND lost.variant_id IS NOT DISTINCT FROM q.variant_id AND seen.line_id IS NULL
          {VALUED} AND u.last_entry = 0
          LEFT JOIN LATERAL ({SEEN_BY_ANOTHER}) another ON true
         WHERE CASE WHEN seen.line_id IS NULL THEN u.last_entry <= coalesce(l.begun, l.watermark, q.last_entry)
                    ELSE u.quant_id IS DISTINCT FROM l.quant_id OR NOT seen.overtaken AND seen.places > 1 END),
    strange AS (
        SELECT s.id, s.line_id, s.code, s.seen_at, q.item_id
          FROM counting_countline l
          JOIN counting_sighting s ON s.line_id = l.id AND s.round = l.counted_round AND s.unit_id IS NULL
          JOIN warehouse_quant q ON q.id = l.quant_id
         WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM warehouse_unit u WHERE u.item_id = q.item_id AND u.code = s.code)),
    stranger AS (
        SELECT DISTINCT ON (each.item_id, each.code) each.item_id, each.code, each.line_id, d.post,
               count(*) OVER its AS places, array_agg(each.line_id) OVER its AS lines,
               each.line_id = d.line_id AND max(each.seen_at) OVER its <= d.at AS settled
          FROM strange each
          LEFT JOIN counting_unitdecision d ON d.session_id = %(session)s AND d.item_id = each.item_id
                                           AND d.code = each.code
        WINDOW its AS (PARTITION BY each.item_id, each.code)
         ORDER BY each.item_id, each.code, each.line_id IS NOT DISTINCT FROM d.line_id DESC, each.seen_at DESC,
                  each.id DESC),
    unknown AS (
        SELECT CASE WHEN stranger.places > 1 AND stranger.settled IS NOT TRUE THEN 'conflict'
                    WHEN i.auto_serialized AND length(stranger.code) <= 80 THEN 'new' ELSE 'unknown' END AS verdict,
               NULL::bigint AS unit_id, stranger.item_id, stranger.code, l.id AS line_id, l.quant_id,
               NULL::bigint AS booked_id, CASE WHEN i.auto_serialized THEN {AVERAGE} ELSE 0 END AS cost, 1 AS quantity,
               coalesce(stranger.post, true) AS ticked, {POSTS} AS posts,
               stranger.places > 1 AND stranger.settled IS TRUE AS settled, stranger.lines AS seen_on,
               NULL::bigint AS other_line_id, NULL::bigint AS missing_id
          FROM stranger
          JOIN counting_countline l ON l.id = stranger.line_id
          JOIN warehouse_quant q ON q.id = l.quant_id
          JOIN warehouse_item i ON i.id = q.item_id
          {VALUED}),
    surplus AS (
        SELECT 'new' AS verdict, NULL::bigint, q.item_id, '', l.id, l.quant_id, NULL::bigint, {AVERAGE},
               (l.counted_quantity - known.units)::bigint, true, {POSTS}, false, NULL::bigint[], NULL::bigint,
               NULL::bigint
          FROM counting_countline l
          JOIN warehouse_quant q ON q.id = l.quant_id
          JOIN warehouse_item i ON i.id = q.item_id AND i.auto_serialized
          {VALUED}
         CROSS JOIN LATERAL (SELECT count(*) AS units FROM counting_sighting s
                              WHERE s.line_id = l.id AND s.round = l.counted_round) known
         WHERE l.session_id = %(session)s AND l.serialized AND l.counted_quantity > known.units),
    difference AS (
        SELECT verdict, unit_id, item_id, code, line_id,
               CASE WHEN verdict IN ('write_off', 'search', 'seen_elsewhere') THEN quant_id
                    WHEN verdict <> 'found' THEN booked_id END AS from_quant_id,
               CASE WHEN verdict = 'search' THEN missing_id
                    WHEN verdict NOT IN ('write_off', 'seen_elsewhere') THEN quant_id END AS to_quant_id,
               cost, quantity, ticked, posts, settled, seen_on, other_line_id,
               verdict IN ('transfer', 'found', 'new', 'write_off', 'search') AND ticked AND posts AS posted
          FROM (SELECT * FROM judged UNION ALL SELECT * FROM unknown UNION ALL SELECT * FROM surplus) each)
"""

# All of it in a table, until the transaction ends. With what ensure_quants (bin_id, lot_id) and ensure_units ask for
# (unit_code, manufacturer_number, unit_lot_id).
CREATE_TABLE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS count_unit (
        verdict text NOT NULL, unit_id bigint, item_id bigint NOT NULL, variant_id bigint, unit_code text NOT NULL,
        manufacturer_number text NOT NULL DEFAULT '', unit_lot_id bigint, bin_id bigint, lot_id bigint,
        line_id bigint NOT NULL, from_quant_id bigint, to_quant_id bigint, cost numeric NOT NULL,
        quantity bigint NOT NULL, posts boolean NOT NULL, ticked boolean, settled boolean NOT NULL,
        seen_on bigint[], other_line_id bigint, posted boolean NOT NULL
    ) ON COMMIT DELETE ROWS;
    DELETE FROM count_unit
"""

SET_OUT = f"""
    WITH {DIFFERING}
    INSERT INTO count_unit (verdict, unit_id, item_id, variant_id, unit_code, bin_id, line_id, from_quant_id,
                            to_quant_id, cost, quantity, posts, ticked, settled, seen_on, other_line_id, posted)
    SELECT d.verdict, d.unit_id, d.item_id, q.variant_id, d.code,
           CASE WHEN d.verdict = 'search' THEN {MISSING_BIN} END, d.line_id, d.from_quant_id, d.to_quant_id,
           d.cost, d.quantity, d.posts, d.ticked, d.settled, d.seen_on, d.other_line_id, d.posted
      FROM difference d
      JOIN counting_countline l ON l.id = d.line_id
      JOIN warehouse_quant q ON q.id = l.quant_id;
    ANALYZE count_unit
"""

READ_FROM_TABLE = """
    difference AS (
        SELECT verdict, unit_id, item_id, unit_code AS code, line_id, from_quant_id, to_quant_id, cost, quantity,
               ticked, posts, settled, seen_on, other_line_id, posted
          FROM count_unit)
"""

# The same of a count that is completed: what it wrote down, and what reviewers had said.
WRITTEN_DOWN = """
    difference AS (
        SELECT w.verdict, w.unit_id, q.item_id, w.code, w.line_id, w.from_quant_id, w.to_quant_id, w.cost,
               1 AS quantity, coalesce(d.post, true) AS ticked, coalesce(d.line_id = w.line_id, false) AS settled,
               NULL::bigint[] AS seen_on, NULL::bigint AS other_line_id, w.posted
          FROM counting_unitdifference w
          JOIN counting_countline l ON l.id = w.line_id
          JOIN warehouse_quant q ON q.id = l.quant_id
          LEFT JOIN counting_unitdecision d ON d.session_id = w.session_id AND d.item_id = q.item_id AND d.code = w.code
         WHERE w.session_id = %(session)s)
"""

COLUMNS = [
    "verdict",
    "unit_id",
    "item_id",
    "code",
    "line_id",
    "from_quant_id",
    "to_quant_id",
    "cost",
    "quantity",
    "ticked",
    "settled",
    "seen_on",
    "other_line_id",
    "posted",
]

# %(order)s: the verdicts in their order.
PAGE = f"""
    SELECT {", ".join(COLUMNS)} FROM difference
     WHERE (%(verdicts)s::text[] IS NULL OR verdict = ANY(%(verdicts)s))
       AND (%(lines)s::bigint[] IS NULL OR line_id = ANY(%(lines)s)
            OR ARRAY[from_quant_id, to_quant_id] && (SELECT array_agg(quant_id) FROM counting_countline
                                                      WHERE id = ANY(%(lines)s)))
     ORDER BY array_position(%(order)s::text[], verdict::text), item_id, code, line_id
    OFFSET %(offset)s LIMIT %(limit)s
"""

SUMMARY = """
    SELECT verdict, sum(quantity)::bigint, sum(quantity * cost),
           coalesce(sum(quantity) FILTER (WHERE posted), 0)::bigint,
           coalesce(sum(quantity * cost) FILTER (WHERE posted), 0)
      FROM difference GROUP BY verdict
"""

# What is posted at each quant, in the order of unit_differences.LineFigures.
FIGURES = """
    coalesce(sum(quantity) FILTER (WHERE verdict = 'write_off'), 0)::bigint,
    coalesce(sum(quantity) FILTER (WHERE verdict IN ('transfer', 'search') AND comes), 0)::bigint,
    coalesce(sum(quantity) FILTER (WHERE verdict IN ('transfer', 'search') AND NOT comes), 0)::bigint,
    coalesce(sum(quantity) FILTER (WHERE verdict = 'found'), 0)::bigint,
    coalesce(sum(quantity) FILTER (WHERE verdict = 'new'), 0)::bigint,
    coalesce(sum(quantity * cost) FILTER (WHERE verdict = 'write_off'), 0),
    coalesce(sum(quantity * cost) FILTER (WHERE verdict IN ('found', 'new')), 0),
    coalesce(sum(quantity * cost) FILTER (WHERE verdict IN ('transfer', 'search') AND comes), 0),
    coalesce(sum(quantity * cost) FILTER (WHERE verdict IN ('transfer', 'search') AND NOT comes), 0)
"""
LINE_FIGURES = f"""
    SELECT l.id, {FIGURES}
      FROM (SELECT from_quant_id AS quant_id, verdict, quantity, cost, false AS comes FROM difference WHERE posted
             UNION ALL
            SELECT to_quant_id, verdict, quantity, cost, true FROM difference WHERE posted) its
      JOIN counting_countline l ON l.quant_id = its.quant_id AND l.id = ANY(%(lines)s)
     GROUP BY l.id
"""

LINES_THAT_HIDE = """
    SELECT DISTINCT d.line_id FROM difference d JOIN counting_countline l ON l.id = d.line_id AND l.discrepancy = 0
     WHERE NOT d.settled
"""

# Serialized lines on which a unit was seen that differs, or where one was missing; and whether their quantity is right.
LINES_THAT_DIFFER = """
    SELECT l.id, l.discrepancy = 0 AND EXISTS (SELECT 1 FROM difference d WHERE d.line_id = l.id AND NOT d.settled)
      FROM counting_countline l
     WHERE l.session_id = %(session)s AND l.serialized
       AND (l.id IN (SELECT line_id FROM difference) OR l.quant_id IN (SELECT from_quant_id FROM difference))
"""

# The codes of a line that its books have and nobody saw there, and those that were seen there and its books have not.
# What a document has moved into a bin after it was counted is not missing there.
UNMATCHED = """
    SELECT l.id, false AS seen, d.code, d.quantity
      FROM difference d
      JOIN counting_countline l ON l.session_id = %(session)s AND l.quant_id = d.from_quant_id
     WHERE d.verdict <> 'moved_since' AND l.id <> ALL(coalesce(d.seen_on, '{}'))
       AND (%(lines)s::bigint[] IS NULL OR l.id = ANY(%(lines)s))
     UNION ALL
    SELECT l.id, true, d.code, d.quantity
      FROM difference d
      JOIN counting_countline l ON l.session_id = %(session)s AND l.quant_id = d.to_quant_id
     WHERE d.verdict <> 'search' AND (%(lines)s::bigint[] IS NULL OR l.id = ANY(%(lines)s))
     ORDER BY 1, 2, 3
"""

# Decide on units that can be selected: those of these keys, or all.
DECIDE = f"""
    WITH {DIFFERING}
    INSERT INTO counting_unitdecision (session_id, item_id, code, post, by_id, at)
    SELECT %(session)s, item_id, code, %(post)s, %(by)s, clock_timestamp() FROM difference
     WHERE code <> '' AND verdict = ANY(%(verdicts)s)
       AND (%(all)s OR (item_id, code) IN (SELECT * FROM unnest(%(items)s::bigint[], %(codes)s::text[])))
        ON CONFLICT (session_id, item_id, code) DO UPDATE
       SET post = excluded.post, by_id = excluded.by_id,
           at = CASE WHEN counting_unitdecision.line_id IS NULL THEN excluded.at ELSE counting_unitdecision.at END
"""

# Whether a unit was seen on a line, and on another one too.
SEEN_IN_TWO = f"""
    WITH {DIFFERING}
    SELECT EXISTS (SELECT 1 FROM difference
                    WHERE item_id = %(item)s AND code = %(code)s AND cardinality(seen_on) > 1
                      AND %(line)s = ANY(seen_on))
"""
