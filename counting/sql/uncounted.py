"""Lines that nobody counted, taken as zero, and taken back; or taken as the books say."""

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

# A count like any other, of whoever ends the counting: book and counted are of one row version of the quant.
EXPECT_UNCOUNTED = f"""
    WITH counted AS (
        UPDATE counting_countline l
           SET counted_quantity = q.quantity, book_quantity = q.quantity, watermark = q.last_entry,
               begun = q.last_entry, disturbed = false, counted_at = greatest(clock_timestamp(), l.counted_at),
               counted_by_id = %(by)s, counted_round = l.round, decision = 'open', accepted_quantity = NULL
          FROM warehouse_quant q
         WHERE l.session_id = %(session)s AND q.id = l.quant_id AND {OPEN_TO_ZERO} AND NOT l.serialized
        RETURNING l.id, l.round, l.counted_quantity, l.counted_at, l.begun)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'set', counted_quantity, '', begun, counted_at, counted_at, %(by)s, gen_random_uuid() FROM counted
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
