"""Statements of counting that the ORM cannot say: a snapshot, a count, a file of counts, the arithmetic of completing.

tests/counting/test_arithmetic.py and test_folding.py compare them with plain Python.
"""

# {scope} is a compiled queryset of quant ids. One statement, so that all lines see the same moment; in the order of
# the quants, so that two overlapping openings do not wait for each other in a circle. What another open session
# holds stays with it.
OPEN_LINES = """
    INSERT INTO counting_countline (session_id, quant_id, open, found, system_quantity, unit_cost, disturbed, round,
                                    recount_asked, decision, note, verified, superseded)
    SELECT %(session)s, q.id, true, false, q.quantity,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END,
           false, %(round)s, false, 'open', '', false, false
      FROM warehouse_quant q
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
     WHERE q.id IN ({scope})
     ORDER BY q.id
        ON CONFLICT DO NOTHING
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

ADD_FOUND_LINE = """
    WITH session AS (SELECT id, round FROM counting_countsession
                      WHERE id = %(session)s AND status = 'draft' FOR SHARE)
    INSERT INTO counting_countline (session_id, quant_id, open, found, system_quantity, unit_cost, disturbed, round,
                                    recount_asked, decision, note, verified, superseded)
    SELECT session.id, q.id, true, true, q.quantity,
           CASE WHEN v.quantity > 0 THEN round(v.value / v.quantity, 6) ELSE i.unit_cost END,
           false, session.round, false, 'open', '', false, false
      FROM session, warehouse_quant q
      JOIN warehouse_item i ON i.id = q.item_id
      LEFT JOIN ledger_stockvalue v ON v.item_id = q.item_id AND v.location_id = q.location_id
                                   AND coalesce(v.variant_id, 0) = coalesce(q.variant_id, 0)
     WHERE q.id = %(quant)s
        ON CONFLICT DO NOTHING
"""

# "session_id + 0": so that the planner takes a line by its key or its quant, and never reads a whole
# session through its index, as it does while it knows little of a session that was opened just now.
# One count, in one statement. The session is locked against completing; book and watermark come from one row version
# of the quant. A continued line (an ADD to a count of this round) keeps the `begun` of its first entry.
# clock_timestamp() is taken when the row lock is held, so that entries of a line are in the order of their times.
RECORD = """
    WITH session AS (SELECT id, round FROM counting_countsession
                      WHERE id = %(session)s AND status = 'draft' FOR SHARE),
    counted AS (
        UPDATE counting_countline l
           SET counted_quantity = CASE %(kind)s
                   WHEN 'set' THEN %(quantity)s::numeric
                   WHEN 'add' THEN %(quantity)s::numeric
                        + CASE WHEN l.counted_round = l.round THEN coalesce(l.counted_quantity, 0) ELSE 0 END
               END,
               book_quantity = CASE WHEN %(kind)s <> 'clear' THEN q.quantity END,
               watermark = CASE WHEN %(kind)s <> 'clear' THEN q.last_entry END,
               begun = CASE WHEN %(kind)s = 'clear' THEN NULL
                            WHEN %(kind)s = 'add' AND l.counted_round = l.round AND l.counted_quantity IS NOT NULL
                            THEN l.begun
                            ELSE coalesce(%(begun)s, q.last_entry) END,
               disturbed = CASE WHEN %(kind)s = 'clear' THEN false
                            WHEN %(kind)s = 'add' AND l.counted_round = l.round AND l.counted_quantity IS NOT NULL
                            THEN l.disturbed OR l.begun <> q.last_entry
                            ELSE coalesce(%(begun)s, q.last_entry) <> q.last_entry END,
               counted_at = greatest(clock_timestamp(), l.counted_at), counted_by_id = %(by)s, counted_round = l.round,
               recount_asked = %(kind)s = 'clear' AND l.round > 1, decision = 'open', accepted_quantity = NULL,
               zeroed = false, verified = false
          FROM session, warehouse_quant q
         WHERE l.id = %(line)s AND l.session_id + 0 = session.id AND l.open AND l.round = session.round
           AND q.id = l.quant_id
           AND NOT EXISTS (SELECT 1 FROM counting_countentry WHERE client_id = %(client_id)s)
        RETURNING l.id, l.round, l.counted_at, q.last_entry)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, %(kind)s, %(quantity)s::numeric, %(expression)s, coalesce(%(begun)s, last_entry), counted_at,
           counted_at, %(by)s, %(client_id)s
      FROM counted
"""

# Postings hold their locations FOR NO KEY UPDATE, several late entries can share one.
KEEP_POSTING_OFF = """
    SELECT id FROM warehouse_location
     WHERE id = (SELECT location_id FROM counting_countsession WHERE id = %(session)s) FOR SHARE
"""

# An entry that arrives late: its time is our clock less its age, never before the opening, never in the future. What
# was said before a recount was asked belongs to the round before, unless the count of then was carried over into this.
RECORD_LATE = """
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT l.id, l.round - coalesce(moment.counted_at < s.marked_at AND round.asked_again, false)::int, %(kind)s,
           %(quantity)s::numeric, %(expression)s,
           coalesce(%(begun)s, (SELECT coalesce(max(e.id), 0) FROM ledger_warehouseentry e
                                  JOIN ledger_register r ON r.id = e.register_id
                                 WHERE e.quant_id = l.quant_id AND r.posted_at <= moment.counted_at)),
           moment.counted_at, clock_timestamp(), %(by)s, %(client_id)s
      FROM counting_countline l
      JOIN counting_countsession s ON s.id = l.session_id
     CROSS JOIN LATERAL (SELECT least(greatest(clock_timestamp() - %(age)s::interval, s.opened_at),
                                     clock_timestamp()) AS counted_at) moment
     CROSS JOIN LATERAL (SELECT coalesce(bool_or(e.round < l.round)
                                         AND NOT bool_or(e.round = l.round AND e.counted_at < s.marked_at), false)
                           FROM counting_countentry e WHERE e.line_id = l.id) round (asked_again)
     WHERE l.id = %(line)s AND l.round = s.round
        ON CONFLICT (client_id) DO NOTHING
    RETURNING id
"""

# A line's count is what its entries of the round give in order of time: the last SET or CLEAR, and the ADDs after it.
# Book and watermark are those of the moment of the last of them. The caller keeps posting off (KEEP_POSTING_OFF), so
# that none is under way whose time is before that moment.
FOLD = """
    WITH said AS (SELECT e.* FROM counting_countentry e JOIN counting_countline l ON l.id = e.line_id
                   WHERE e.line_id = %(line)s AND e.round = l.round AND e.kind <> 'zero'),
    start AS (SELECT * FROM said WHERE kind <> 'add' ORDER BY counted_at DESC, id DESC LIMIT 1),
    spoken AS (SELECT said.* FROM said LEFT JOIN start ON true
                WHERE (start.id IS NULL OR (said.counted_at, said.id) >= (start.counted_at, start.id))
                  AND said.kind <> 'clear'),
    fold AS (SELECT sum(quantity) AS quantity, max(counted_at) AS counted_at,
                    (array_agg(begun ORDER BY counted_at, id))[1] AS begun,
                    (array_agg(by_id ORDER BY counted_at DESC, id DESC))[1] AS by_id
               FROM spoken)
    UPDATE counting_countline l
       SET counted_quantity = fold.quantity,
           book_quantity = CASE WHEN fold.quantity IS NOT NULL THEN q.quantity - later.quantity END,
           watermark = CASE WHEN fold.quantity IS NOT NULL THEN earlier.newest END,
           begun = fold.begun,
           disturbed = coalesce(fold.begun <> earlier.newest, false),
           counted_at = coalesce(fold.counted_at, l.counted_at),
           counted_by_id = coalesce(fold.by_id, l.counted_by_id),
           counted_round = l.round,
           recount_asked = fold.quantity IS NULL AND l.round > 1,
           decision = 'open', accepted_quantity = NULL, zeroed = false, verified = false
      FROM fold, warehouse_quant q
     CROSS JOIN LATERAL (SELECT coalesce(sum(e.quantity), 0) AS quantity
                           FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                          WHERE e.quant_id = q.id
                            AND r.posted_at > (SELECT counted_at FROM fold)) later
     CROSS JOIN LATERAL (SELECT coalesce(max(e.id), 0) AS newest
                           FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                          WHERE e.quant_id = q.id
                            AND r.posted_at <= (SELECT counted_at FROM fold)) earlier
     WHERE l.id = %(line)s AND q.id = l.quant_id AND EXISTS (SELECT 1 FROM said)
"""

# What the book of a quant said at some moments: what it says now, less what came since.
BOOKS_AT = """
    SELECT moment.at, q.quantity - coalesce(sum(e.quantity), 0)
      FROM unnest(%(moments)s::timestamptz[]) moment (at)
      JOIN warehouse_quant q ON q.id = %(quant)s
      LEFT JOIN (ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id)
             ON e.quant_id = q.id AND r.posted_at > moment.at
     GROUP BY moment.at, q.quantity
"""

# Where a session goes back to counting, counts of earlier rounds stay, and can be added to: they are said again in
# this round, with the time, the person and the beginning that they had.
CARRY_COUNTS_OVER = """
    WITH carried AS (
        UPDATE counting_countline l SET counted_round = l.round
         WHERE l.session_id = %(session)s AND l.counted_quantity IS NOT NULL AND NOT l.recount_asked
           AND l.counted_round < l.round
        RETURNING l.*)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'set', counted_quantity, '', coalesce(begun, watermark), counted_at, clock_timestamp(),
           counted_by_id, gen_random_uuid()
      FROM carried
"""

# Who asked for another count of these lines, and why. Before other recounts are taken into the round.
REMEMBER_REQUESTS = """
    INSERT INTO counting_recountrequest (line_id, round, asked_by_id, asked_at, why)
    SELECT id, round, %(by)s, %(at)s, %(why)s FROM counting_countline
     WHERE session_id = %(session)s AND round = %(round)s AND recount_asked
"""

# Lines that nobody counted and nobody has decided on otherwise.
OPEN_TO_ZERO = "l.counted_quantity IS NULL AND NOT l.recount_asked AND l.decision <> 'left_out'"

# Those whose quant has no entry since the opening are taken as zero. Book and watermark are of one row version of the
# quant, as in a count.
ZERO_UNCOUNTED = f"""
    WITH zeroed AS (
        UPDATE counting_countline l
           SET counted_quantity = 0, book_quantity = q.quantity, watermark = q.last_entry, begun = q.last_entry,
               disturbed = false, zeroed = true, counted_at = greatest(clock_timestamp(), l.counted_at),
               counted_by_id = %(by)s, counted_round = l.round, decision = 'open', accepted_quantity = NULL
          FROM warehouse_quant q
         WHERE l.session_id = %(session)s AND q.id = l.quant_id AND {OPEN_TO_ZERO}
           AND q.last_entry <= %(opened_entry)s
        RETURNING l.id, l.round, l.counted_at, l.begun)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'zero', 0, '', begun, counted_at, counted_at, %(by)s, gen_random_uuid() FROM zeroed
"""

TAKE_ZEROS_BACK = """
    WITH blank AS (
        UPDATE counting_countline l
           SET counted_quantity = NULL, book_quantity = NULL, watermark = NULL, begun = NULL, zeroed = false,
               counted_at = NULL, counted_by_id = NULL, counted_round = NULL, decision = 'open',
               accepted_quantity = NULL, verified = false
         WHERE l.session_id = %(session)s AND l.zeroed AND NOT l.recount_asked
        RETURNING l.id, l.round)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'zero', NULL, '', 0, clock_timestamp(), clock_timestamp(), %(by)s, gen_random_uuid() FROM blank
"""

# What RECORD does with "clear", for all lines that were counted in the round of the session.
CLEAR_COUNTS = """
    WITH cleared AS (
        UPDATE counting_countline l
           SET counted_quantity = NULL, book_quantity = NULL, watermark = NULL, begun = NULL, disturbed = false,
               counted_at = greatest(clock_timestamp(), l.counted_at), counted_by_id = %(by)s, counted_round = l.round,
               recount_asked = l.round > 1, decision = 'open', accepted_quantity = NULL, zeroed = false,
               verified = false
          FROM counting_countsession s, warehouse_quant q
         WHERE s.id = %(session)s AND l.session_id = s.id AND l.open AND l.round = s.round AND q.id = l.quant_id
           AND l.counted_quantity IS NOT NULL AND NOT l.recount_asked
        RETURNING l.id, l.round, l.counted_at, q.last_entry)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'clear', NULL, '', last_entry, counted_at, counted_at, %(by)s, gen_random_uuid() FROM cleared
"""

CREATE_UPLOAD = """
    CREATE TEMPORARY TABLE IF NOT EXISTS count_upload (
        row int NOT NULL, line_id bigint NOT NULL, quantity numeric, begun bigint, client_id uuid NOT NULL
    ) ON COMMIT DELETE ROWS;
    DELETE FROM count_upload
"""

COPY_UPLOAD = "COPY count_upload (row, line_id, quantity, begun, client_id) FROM STDIN"

# A blank quantity means "as the book says", which is only taken where nothing moved since the page was shown.
CHECK_UPLOAD = """
    SELECT u.row, broken.code
      FROM count_upload u
      LEFT JOIN counting_countline l ON l.id = u.line_id AND l.session_id = %(session)s AND l.open
      LEFT JOIN (SELECT line_id, count(*) AS rows FROM count_upload GROUP BY line_id) twice ON twice.line_id = u.line_id
     CROSS JOIN LATERAL (VALUES
        (l.id IS NULL, 'line_elsewhere'),
        (l.round <> %(round)s, 'line_closed'),
        (twice.rows > 1, 'line_twice'),
        (u.quantity IN ('NaN', 'Infinity', '-Infinity') OR abs(u.quantity) >= 1e13
           OR u.quantity <> round(u.quantity, 5), 'quantity_unusable'),
        (u.quantity < 0, 'quantity_negative')
     ) broken (so, code)
     WHERE broken.so
     ORDER BY u.row
     LIMIT 1000
"""

# What was taken before. In a statement of its own: an anti-join inside RECORD_UPLOAD would read the entries that the
# same statement is writing, again for each row.
DROP_REPEATS = """
    DELETE FROM count_upload u USING counting_countentry e WHERE e.client_id = u.client_id
"""

# CHECK_UPLOAD has made sure that the lines are the session's. Saying so again here would let the planner, which knows
# nothing yet of a session that was opened just now, start from "its few lines" and read the whole upload for each.
# counted_at is compared with posted_at, so it is the time of the database too; %(at)s is when the file came.
RECORD_UPLOAD = """
    WITH counted AS (
        UPDATE counting_countline l
           SET counted_quantity = coalesce(u.quantity, q.quantity), book_quantity = q.quantity,
               watermark = q.last_entry, begun = coalesce(u.begun, q.last_entry),
               disturbed = coalesce(u.begun <> q.last_entry, false),
               counted_at = greatest(statement_timestamp(), l.counted_at), counted_by_id = %(by)s,
               counted_round = l.round, recount_asked = false, decision = 'open', accepted_quantity = NULL,
               zeroed = false, verified = false
          FROM count_upload u, warehouse_quant q
         WHERE l.id = u.line_id AND q.id = l.quant_id
           AND (u.quantity IS NOT NULL OR u.begun = q.last_entry)
        RETURNING l.id, l.round, l.counted_quantity, l.counted_at, l.begun, u.client_id)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'set', counted_quantity, '', begun, counted_at, %(at)s, %(by)s, client_id FROM counted
"""

# What happened to the quants of a session after each line was counted (ARCHITECTURE 5, time-true arithmetic):
# an entry and the one that undoes it, both later than the count, cancel; an undoing that is left corrects something
# that the book already held (posting gives every reversal the effect "corrected"); a COUNTED entry that is left has
# settled the quant. Only quants whose newest entry is not the watermark are looked at. {lines} says of which lines.
LATER_OF = """
    SELECT l.id AS line_id,
           coalesce(sum(e.quantity) FILTER (WHERE e.effect = 'corrected'), 0) AS corrected,
           coalesce(bool_or(e.effect = 'counted'), false) AS settled
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id AND q.last_entry <> l.watermark
      JOIN ledger_warehouseentry e ON e.quant_id = q.id AND e.id > l.watermark
     WHERE {lines}
       AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
       AND coalesce(e.undoes_id, 0) <= l.watermark
     GROUP BY l.id
"""
OF_SESSION = "l.session_id = %(session)s"
LATER = LATER_OF.format(lines=OF_SESSION)

# Adjustment = discrepancy (or the part of it that was accepted) less the corrections since; nothing where a newer look
# has settled the quant. A part never turns into its opposite, and never exceeds what is left of the discrepancy.
# Where undecided lines are left as they are (%(leave)s), what nobody accepted is posted only if it is nothing.
UNDECIDED_IS_LEFT = "%(leave)s AND l.decision <> 'accepted'"
ADJUSTMENT_IF = """
    CASE WHEN l.counted_quantity IS NULL OR l.decision = 'left_out' OR l.recount_asked THEN NULL
         WHEN later.settled THEN 0
         {unless}
         WHEN l.accepted_quantity IS NULL THEN l.discrepancy - coalesce(later.corrected, 0)
         WHEN l.discrepancy - coalesce(later.corrected, 0) >= 0
         THEN greatest(0, least(l.accepted_quantity - coalesce(later.corrected, 0),
                                l.discrepancy - coalesce(later.corrected, 0)))
         ELSE least(0, greatest(l.accepted_quantity - coalesce(later.corrected, 0),
                                l.discrepancy - coalesce(later.corrected, 0)))
    END
"""
ADJUSTMENT = ADJUSTMENT_IF.format(
    unless=f"""WHEN {UNDECIDED_IS_LEFT}
         THEN CASE WHEN l.discrepancy = coalesce(later.corrected, 0) AND NOT l.disturbed THEN 0 END"""
)
ADJUSTMENT_IF_ACCEPTED = ADJUSTMENT_IF.format(unless="")

ADJUSTMENT_AT_REST = f"""
    CASE WHEN l.counted_quantity IS NULL OR l.decision = 'left_out' OR l.recount_asked THEN NULL
         WHEN {UNDECIDED_IS_LEFT} THEN CASE WHEN l.discrepancy = 0 AND NOT l.disturbed THEN 0 END
         ELSE coalesce(l.accepted_quantity, l.discrepancy) END
"""

# The adjustments of some lines as things stand, for a page of a review.
THESE_LINES = f"{OF_SESSION} AND l.id = ANY(%(lines)s)"
ADJUSTMENTS = f"""
    WITH later AS ({LATER_OF.format(lines=THESE_LINES)})
    SELECT l.id, {ADJUSTMENT} AS adjustment, coalesce(later.settled, false) AS superseded,
           coalesce(later.corrected, 0) AS corrected
      FROM counting_countline l LEFT JOIN later ON later.line_id = l.id
     WHERE {THESE_LINES}
"""

# Movements between a line that is short and one that is over, as completing would post them now: those whose lines
# are accepted, by the count that was accepted then. Never more than what is left of the adjustments of both lines after
# the larger movements of each; so what is moved is moved at both ends, and the rest of each line is adjusted. The ends
# are looked up one by one: the planner expects few rows of a subquery, and would compare each with each.
END_OF_MOVEMENT = f"""
    LATERAL (SELECT {ADJUSTMENT_IF_ACCEPTED} AS quantity
               FROM counting_countline l
               LEFT JOIN LATERAL ({LATER_OF.format(lines="l.id = {line}")}) later ON true
              WHERE l.id = {{line}} AND l.decision = 'accepted' AND l.counted_at <= m.accepted_at)
"""
MOVING = f"""
    movement AS (
        SELECT m.id, m.short_id, m.over_id,
               greatest(0, least(m.quantity, m.quantity - sum(m.quantity) OVER from_it - short.quantity,
                                 m.quantity - sum(m.quantity) OVER to_it + over.quantity)) AS quantity
          FROM counting_misplacement m
          JOIN {END_OF_MOVEMENT.format(line="m.short_id")} short ON short.quantity < 0
          JOIN {END_OF_MOVEMENT.format(line="m.over_id")} over ON over.quantity > 0
         WHERE m.session_id = %(session)s
        WINDOW from_it AS (PARTITION BY m.short_id ORDER BY m.quantity DESC, m.id),
               to_it AS (PARTITION BY m.over_id ORDER BY m.quantity DESC, m.id)),
    moving AS (SELECT line_id, sum(quantity) AS quantity
                 FROM (SELECT short_id AS line_id, -quantity AS quantity FROM movement
                        UNION ALL SELECT over_id, quantity FROM movement) its
                GROUP BY line_id)
"""
MOVEMENTS_BETWEEN_LINES = f"WITH {MOVING} SELECT id, short_id, over_id, quantity FROM movement ORDER BY id"

# While the lines are open, before they are closed with the same arithmetic: what moves, and then how much of each line.
SETTLE_MOVEMENTS = f"""
    WITH {MOVING}
    UPDATE counting_misplacement m SET moved = movement.quantity FROM movement WHERE m.id = movement.id;
    UPDATE counting_misplacement SET moved = 0 WHERE session_id = %(session)s AND moved IS NULL
"""
NOTE_WHAT_MOVES = """
    UPDATE counting_countline l SET moved = moving.quantity
      FROM (SELECT line_id, sum(quantity) AS quantity
              FROM (SELECT short_id AS line_id, -moved AS quantity FROM counting_misplacement
                     WHERE session_id = %(session)s AND moved > 0
                     UNION ALL
                    SELECT over_id, moved FROM counting_misplacement WHERE session_id = %(session)s AND moved > 0) its
             GROUP BY line_id) moving
     WHERE l.id = moving.line_id
"""

# Lines that are short and lines that are over of the same item, variant and lot, to be paired: what completing would
# post for them, less what moves already. First those of the same quantity, one short and one over to a place; then, the
# largest first, what is left of both sides laid end to end: a pair is where two of them overlap. `upto` is where a line
# ends, so the lines that cover a stretch are the first of either side that do not end before it; seen from the far end,
# the last that were met. By windows alone: joining these rows with each other would compare each with each.
MISPLACED = f"""
    WITH {MOVING},
    later AS ({LATER_OF.format(lines=f"{OF_SESSION} AND l.discrepancy <> 0")}),
    planned AS (
        SELECT l.id, q.item_id, coalesce(q.variant_id, 0) AS variant, coalesce(q.lot_id, 0) AS lot,
               {ADJUSTMENT_IF_ACCEPTED} - coalesce(moving.quantity, 0) AS quantity
          FROM counting_countline l
          JOIN warehouse_quant q ON q.id = l.quant_id
          LEFT JOIN later ON later.line_id = l.id
          LEFT JOIN moving ON moving.line_id = l.id
         WHERE l.session_id = %(session)s AND l.open AND l.discrepancy <> 0
           AND (NOT l.disturbed OR l.decision = 'accepted')),
    sided AS (SELECT *, sign(quantity) AS side, abs(quantity) AS size,
                     row_number() OVER (PARTITION BY item_id, variant, lot, quantity ORDER BY id) AS place
                FROM planned WHERE quantity <> 0),
    placed AS (SELECT *, count(*) OVER (PARTITION BY item_id, variant, lot, size, place) AS at_place FROM sided),
    rest AS (SELECT *, sum(size) OVER (PARTITION BY item_id, variant, lot, side ORDER BY size DESC, id) AS upto
               FROM placed WHERE at_place = 1),
    stretch AS (SELECT DISTINCT item_id, variant, lot, upto,
                       min(ARRAY[upto, id]) FILTER (WHERE side < 0) OVER from_the_end AS short,
                       min(ARRAY[upto, id]) FILTER (WHERE side > 0) OVER from_the_end AS over
                  FROM rest
                WINDOW from_the_end AS (PARTITION BY item_id, variant, lot ORDER BY upto DESC)),
    measured AS (SELECT short[2]::bigint AS short_id, over[2]::bigint AS over_id,
                        upto - lag(upto, 1, 0::numeric) OVER (PARTITION BY item_id, variant, lot ORDER BY upto)
                        AS quantity
                   FROM stretch),
    pair AS (SELECT min(id) FILTER (WHERE side < 0) AS short_id, min(id) FILTER (WHERE side > 0) AS over_id,
                    size AS quantity, true AS exact
               FROM placed WHERE at_place = 2 GROUP BY item_id, variant, lot, size, place
              UNION ALL
             SELECT short_id, over_id, quantity, false FROM measured WHERE short_id IS NOT NULL AND over_id IS NOT NULL)
"""
PROPOSE = f"""
    {MISPLACED}
    SELECT short_id, over_id, quantity, exact, count(*) OVER ()
      FROM pair ORDER BY exact DESC, quantity DESC, short_id, over_id LIMIT %(limit)s
"""

# Accept proposals: those of these pairs, or all. A pair that moves already moves so much more. By the clock of the
# database, which the times of counts are compared with.
ACCEPT_MOVEMENTS = f"""
    {MISPLACED}
    INSERT INTO counting_misplacement (session_id, short_id, over_id, quantity, accepted_by_id, accepted_at)
    SELECT %(session)s, short_id, over_id, quantity, %(by)s, clock_timestamp()
      FROM pair
     WHERE %(all)s OR (short_id, over_id) IN (SELECT * FROM unnest(%(shorts)s::bigint[], %(overs)s::bigint[]))
     ORDER BY exact DESC, quantity DESC, short_id, over_id
        ON CONFLICT (short_id, over_id) DO UPDATE
       SET quantity = counting_misplacement.quantity + excluded.quantity, accepted_by_id = excluded.accepted_by_id,
           accepted_at = excluded.accepted_at
    RETURNING short_id, over_id
"""

# Lines, and those that movements of a completed session lead to, again and again.
TIED_BY_MOVEMENTS = """
    WITH RECURSIVE movement AS (
        SELECT short_id, over_id FROM counting_misplacement WHERE session_id = %(session)s AND moved > 0),
    tied (line_id) AS (
        SELECT unnest(%(lines)s::bigint[])
         UNION
        SELECT CASE WHEN movement.short_id = tied.line_id THEN movement.over_id ELSE movement.short_id END
          FROM tied JOIN movement ON tied.line_id IN (movement.short_id, movement.over_id))
    SELECT line_id FROM tied ORDER BY line_id
"""

ANALYZE_MISPLACEMENTS = "ANALYZE counting_misplacement"

# What was posted at the quants of these lines: since the opening up to the count (the newest of it), and within a while
# after the count (the earliest of it). The ORM cannot limit rows for each line; a quant can have years of entries.
MOVEMENTS = """
    SELECT l.id, e.id, EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
      FROM counting_countline l
     CROSS JOIN LATERAL (
           (SELECT e.id, e.register_id FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE e.quant_id = l.quant_id AND r.posted_at > %(opened_at)s
               AND e.id <= coalesce(l.watermark, 9223372036854775807)
             ORDER BY e.id DESC LIMIT %(limit)s)
            UNION ALL
           (SELECT e.id, e.register_id FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
             WHERE e.quant_id = l.quant_id AND e.id > l.watermark AND r.posted_at <= l.counted_at + %(late)s
             ORDER BY e.id LIMIT %(limit)s)) e
     WHERE l.id = ANY(%(lines)s)
     ORDER BY e.id
"""

# Hints (counting.hints). Lines of the same item that are off the other way: in another bin of this count or, as posted
# by another one lately, in another bin of the location; of another lot or variant by as much in the same bin.
SAME_ITEM_ELSEWHERE = """
    SELECT l.id, other.*
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
     CROSS JOIN LATERAL (
           SELECT bin.code, coalesce(lot.number, v.code, ''), seen.off, n.bin_id <> q.bin_id AS same_goods, seen.session
             FROM warehouse_quant n
             JOIN warehouse_bin bin ON bin.id = n.bin_id
             LEFT JOIN warehouse_lot lot ON lot.id = n.lot_id
             LEFT JOIN warehouse_itemvariant v ON v.id = n.variant_id
            CROSS JOIN LATERAL (
                  SELECT o.discrepancy AS off, '' AS session
                    FROM counting_countline o
                   WHERE o.quant_id = n.id AND o.open AND o.session_id = l.session_id AND NOT o.recount_asked
                   UNION ALL
                  (SELECT e.quantity, r.source
                     FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
                    WHERE e.quant_id = n.id AND r.kind = 'quantity_adjustment' AND r.posted_at >= %(since)s
                      AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
                    ORDER BY e.id DESC LIMIT 1)) seen
            WHERE n.item_id = q.item_id AND n.location_id = q.location_id AND n.id <> q.id
              AND sign(seen.off) = -sign(l.discrepancy)
              AND CASE WHEN n.bin_id = q.bin_id THEN seen.off = -l.discrepancy AND seen.session = ''
                       ELSE n.variant_id IS NOT DISTINCT FROM q.variant_id
                        AND n.lot_id IS NOT DISTINCT FROM q.lot_id END
            ORDER BY abs(seen.off + l.discrepancy), seen.session, n.id
            LIMIT 2) other
     WHERE l.id = ANY(%(lines)s)
     ORDER BY l.id
"""

# Documents that the book of a line holds, and that moved exactly as much as its discrepancy undoes.
DOCUMENTS_OF_THAT_MUCH = """
    SELECT l.id, posted.*
      FROM counting_countline l
     CROSS JOIN LATERAL (
           SELECT r.number, r.kind, e.quantity, r.posted_at
             FROM ledger_warehouseentry e JOIN ledger_register r ON r.id = e.register_id
            WHERE e.quant_id = l.quant_id AND e.id <= l.watermark AND e.effect = 'moved'
              AND e.quantity = -l.discrepancy AND r.posted_at >= %(since)s
              AND NOT EXISTS (SELECT 1 FROM ledger_warehouseentry undone WHERE undone.undoes_id = e.id)
            ORDER BY e.id DESC LIMIT 3) posted
     WHERE l.id = ANY(%(lines)s)
     ORDER BY l.id, posted.posted_at
"""

# The bin before on the way, where the same person said the same figure. Small figures are the same by chance, unless it
# is the same item.
SAME_FIGURE_BEFORE = """
    SELECT DISTINCT l.id, before.code
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
      JOIN warehouse_bin b ON b.id = q.bin_id
     CROSS JOIN LATERAL (
           SELECT p.id, p.code FROM warehouse_bin p
            WHERE p.location_id = b.location_id AND (p.walking_order, p.code) < (b.walking_order, b.code)
            ORDER BY p.walking_order DESC, p.code DESC LIMIT 1) before
      JOIN warehouse_quant n ON n.bin_id = before.id
      JOIN counting_countline o ON o.quant_id = n.id AND o.open AND o.session_id = l.session_id
     WHERE l.id = ANY(%(lines)s) AND o.counted_quantity = l.counted_quantity AND o.counted_by_id = l.counted_by_id
       AND l.counted_quantity > 0 AND (l.counted_quantity >= %(small)s OR n.item_id = q.item_id)
"""

# Scans that were put aside and belong to the bin and the item of a line.
PUT_ASIDE_FOR = """
    SELECT DISTINCT l.id, p.code
      FROM counting_putaside p
      JOIN warehouse_quant q ON q.bin_id = p.belongs_in_id
      JOIN counting_countline l ON l.quant_id = q.id AND l.id = ANY(%(lines)s)
      JOIN warehouse_item i ON i.id = q.item_id
     WHERE p.session_id = %(session)s AND p.settled_at IS NULL
       AND (i.number = p.code
            OR EXISTS (SELECT 1 FROM warehouse_itemreference r WHERE r.item_id = i.id AND r.code = p.code))
"""

FIGURES = """
    count(*) FILTER (WHERE adjustment <> 0),
    coalesce(sum(adjustment) FILTER (WHERE adjustment > 0), 0),
    coalesce(sum(adjustment) FILTER (WHERE adjustment < 0), 0),
    coalesce(round(sum(adjustment * unit_cost), 4), 0),
    count(*) FILTER (WHERE adjustment IS NULL AND undecided)
"""

# %(zero_up_to)s: while it is counted, in a session that takes what nobody counts as zero, the newest entry of the
# location at its opening; NULL otherwise.
DIGEST = f"""
    WITH {MOVING},
    later AS ({LATER}),
    line AS (SELECT {ADJUSTMENT} - coalesce(moving.quantity, 0) AS adjustment, l.unit_cost,
                    l.decision = 'open' AND NOT l.recount_asked AS undecided
               FROM counting_countline l
               LEFT JOIN later ON later.line_id = l.id
               LEFT JOIN moving ON moving.line_id = l.id
              WHERE l.session_id = %(session)s AND l.counted_quantity IS NOT NULL
              UNION ALL
             SELECT CASE WHEN q.quantity = 0 OR NOT %(leave)s THEN -q.quantity END, l.unit_cost, true
               FROM counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
              WHERE l.session_id = %(session)s AND {OPEN_TO_ZERO} AND q.last_entry <= %(zero_up_to)s)
    SELECT {FIGURES},
           (SELECT count(*) FROM movement WHERE quantity > 0), (SELECT coalesce(sum(quantity), 0) FROM movement)
      FROM line
"""

# Closing writes what completing posts: first the lines whose quant is as it was when it was counted, nearly always
# all of them, in one join without the history; then the rest.
CLOSE_LINES_AT_REST = f"""
    UPDATE counting_countline l
       SET open = false, adjustment = {ADJUSTMENT_AT_REST}
      FROM warehouse_quant q
     WHERE l.session_id = %(session)s AND q.id = l.quant_id
       AND (l.watermark IS NULL OR l.watermark = q.last_entry)
"""

CLOSE_LINES_THAT_MOVED = f"""
    WITH later AS ({LATER}),
    moved AS (SELECT mine.id, later.* FROM counting_countline mine LEFT JOIN later ON later.line_id = mine.id
               WHERE mine.session_id = %(session)s AND mine.open)
    UPDATE counting_countline l
       SET open = false, adjustment = {ADJUSTMENT}, superseded = coalesce(later.settled, false)
      FROM moved later
     WHERE l.id = later.id
"""

DIGEST_OF_CLOSED = f"""
    WITH movement AS (SELECT moved FROM counting_misplacement WHERE session_id = %(session)s AND moved > 0),
    line AS (SELECT adjustment - coalesce(moved, 0) AS adjustment, unit_cost,
                    counted_quantity IS NOT NULL AND decision = 'open' AND NOT recount_asked AS undecided
               FROM counting_countline WHERE session_id = %(session)s)
    SELECT {FIGURES}, (SELECT count(*) FROM movement), (SELECT coalesce(sum(moved), 0) FROM movement) FROM line
"""

# Lines that cannot be posted as they are, once for each kind of trouble.
PROBLEM_LINES = """
    SELECT l.id, broken.code, q.quantity, l.adjustment
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
     CROSS JOIN LATERAL (VALUES
        (l.recount_asked AND l.decision <> 'left_out', 'recount_asked'),
        (l.disturbed AND l.counted_quantity IS NOT NULL AND l.decision = 'open' AND NOT l.recount_asked
           AND NOT %(leave)s, 'disturbed'),
        (l.adjustment < 0 AND q.quantity + l.adjustment < 0, 'below_zero')
     ) broken (so, code)
     WHERE l.session_id = %(session)s AND (l.recount_asked OR l.disturbed OR l.adjustment < 0) AND broken.so
     ORDER BY l.id
     LIMIT 1000
"""

# Reconciliation: rows for ledger.sql.PROVE. A line is open exactly as long as its session is.
LINES_AND_STATUS = """
    SELECT l.id AS line_id, s.status, l.open, l.open <> (s.status IN ('draft', 'counted')) AS broken
      FROM counting_countline l JOIN counting_countsession s ON s.id = l.session_id
     WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
"""

LINE_NAMED = """
    SELECT concat_ws(' ', s.number, i.number, lot.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN counting_countline l ON l.id = looked.line_id
      JOIN counting_countsession s ON s.id = l.session_id
      JOIN warehouse_quant q ON q.id = l.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
     WHERE looked.broken ORDER BY looked.line_id
"""

# What the lines of completed sessions say and what their documents posted, adjustment and movements, quant by quant.
# The adjustment bin of a directed location takes the opposite and has no line.
ADJUSTMENTS_AND_ENTRIES = """
    SELECT coalesce(said.session_id, posted.session_id) AS session_id,
           coalesce(said.quant_id, posted.quant_id) AS quant_id,
           coalesce(said.quantity, 0) AS adjustment, coalesce(posted.quantity, 0) AS quantity,
           coalesce(said.quantity, 0) <> coalesce(posted.quantity, 0) AS broken
      FROM (SELECT l.session_id, l.quant_id, l.adjustment AS quantity
              FROM counting_countline l JOIN counting_countsession s ON s.id = l.session_id
             WHERE s.status = 'completed' AND l.adjustment IS NOT NULL
               AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) said
      FULL JOIN (
            SELECT s.id AS session_id, e.quant_id, sum(e.quantity) AS quantity
              FROM counting_countsession s
              JOIN ledger_warehouseentry e ON e.register_id IN (s.adjustment_id, s.transfer_id)
              JOIN warehouse_quant q ON q.id = e.quant_id AND NOT q.virtual
             WHERE (%(location)s::bigint IS NULL OR s.location_id = %(location)s)
             GROUP BY s.id, e.quant_id) posted
        ON posted.session_id = said.session_id AND posted.quant_id = said.quant_id
"""

ADJUSTED_NAMED = """
    SELECT concat_ws(' ', s.number, i.number, lot.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN counting_countsession s ON s.id = looked.session_id
      JOIN warehouse_quant q ON q.id = looked.quant_id
      JOIN warehouse_item i ON i.id = q.item_id
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_lot lot ON lot.id = q.lot_id
     WHERE looked.broken ORDER BY looked.session_id, looked.quant_id
"""

# A document that a count posted belongs to one completed session, and says its number.
ADJUSTMENT_DOCUMENTS = """
    SELECT r.id AS register_id, r.number, r.source, s.number AS session, s.status,
           s.id IS NULL OR s.status <> 'completed' OR s.number <> r.source AS broken
      FROM ledger_register r LEFT JOIN counting_countsession s ON r.id IN (s.adjustment_id, s.transfer_id)
     WHERE r.kind IN ('quantity_adjustment', 'stock_transfer')
       AND (%(location)s::bigint IS NULL OR r.location_id = %(location)s)
"""

DOCUMENT_NAMED = """
    SELECT looked.number AS subject, looked.* FROM looked WHERE looked.broken ORDER BY looked.register_id
"""

# What is held, and what open counts guard (counting.guarding.GUARDING): the same, or something is forgotten.
HOLDS_AND_GUARDS = """
    SELECT coalesce(h.bin_id, g.bin_id) AS bin_id, coalesce(h.item_id, g.item_id) AS item_id,
           coalesce(h.held_by, g.number) AS held_by, h.held_by IS NOT NULL AS held, g.number IS NOT NULL AS guarded,
           h.held_by IS NULL OR g.number IS NULL AS broken
      FROM (SELECT h.* FROM warehouse_binhold h JOIN warehouse_bin b ON b.id = h.bin_id
             WHERE (%(location)s::bigint IS NULL OR b.location_id = %(location)s)) h
      FULL JOIN (
            SELECT DISTINCT q.bin_id, q.item_id, s.number
              FROM counting_countsession s
              JOIN counting_countline l ON l.session_id = s.id
              JOIN warehouse_quant q ON q.id = l.quant_id
             WHERE (s.guard = 'block' AND s.status IN ('draft', 'counted')
                    OR s.guard = 'freeze' AND s.status = 'counted')
               AND (%(location)s::bigint IS NULL OR s.location_id = %(location)s)) g
        ON g.bin_id = h.bin_id AND g.item_id = h.item_id AND g.number = h.held_by
"""

HOLD_NAMED = """
    SELECT concat_ws(' ', i.number, 'in', b.code) AS subject, looked.*
      FROM looked
      JOIN warehouse_bin b ON b.id = looked.bin_id
      JOIN warehouse_item i ON i.id = looked.item_id
     WHERE looked.broken ORDER BY looked.bin_id, looked.item_id, looked.held_by
"""

# What a save shows: the line as it is now, and how far its bin is. Session and round are told apart while counting, not
# in the WHERE, or the planner expects so few lines that it starts from all open ones. Compiling these two as querysets
# takes the server longer (2 ms of a save's 15) than running them.
LINE_NOW = """
    SELECT l.open, l.round, l.counted_quantity, l.book_quantity, l.watermark, l.begun, l.disturbed, l.counted_at,
           l.counted_by_id, l.counted_round, l.recount_asked, q.quantity, q.last_entry, bin.lines, bin.left
      FROM counting_countline l
      JOIN counting_countsession s ON s.id = l.session_id
      JOIN warehouse_quant q ON q.id = l.quant_id
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE o.session_id = l.session_id AND o.round = s.round) AS lines,
                                count(*) FILTER (WHERE o.session_id = l.session_id AND o.round = s.round
                                                   AND (o.counted_quantity IS NULL OR o.recount_asked)) AS left
                           FROM warehouse_quant n JOIN counting_countline o ON o.quant_id = n.id AND o.open
                          WHERE n.bin_id = q.bin_id) bin
     WHERE l.id = %(line)s
"""
