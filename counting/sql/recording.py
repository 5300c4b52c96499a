"""Counting: one count, a late one, what the entries of a line give, and what a save shows."""

# "session_id + 0" and "open IS NOT FALSE": so that the planner takes a line by its key, and never reads a whole session
# or all open lines through their indexes, as it does while it knows little of a session that was opened just now.
# One count, in one statement. The session is locked against completing; book and watermark come from one row version
# of the quant. A continued line (an ADD to a count of this round) keeps the `begun` of its first entry.
# clock_timestamp() is taken when the row lock is held, so that entries of a line are in the order of their times.
RECORD = """
    WITH session AS (SELECT id, round FROM counting_countsession
                      WHERE id = %(session)s AND status = 'draft' AND (NOT journal OR opened_by_id = %(by)s)
                        FOR SHARE),
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
         WHERE l.id = %(line)s AND l.session_id + 0 = session.id AND l.open IS NOT FALSE
           AND l.round = session.round AND q.id = l.quant_id
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
# That a line was taken as zero in an earlier round, and is not any more, asked nobody for another look.
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
                           FROM counting_countentry e
                          WHERE e.line_id = l.id AND (e.kind <> 'zero' OR l.recount_asked)) round (asked_again)
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
