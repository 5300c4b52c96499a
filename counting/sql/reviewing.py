"""Review: another round, and what the lines of a page will post."""

from counting.sql.adjusting import ADJUSTMENT, LATER_OF, OF_SESSION

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

# The adjustments of some lines as things stand, for a page of a review.
THESE_LINES = f"{OF_SESSION} AND l.id = ANY(%(lines)s)"
ADJUSTMENTS = f"""
    WITH later AS ({LATER_OF.format(lines=THESE_LINES)})
    SELECT l.id, {ADJUSTMENT} AS adjustment, coalesce(later.settled, false) AS superseded,
           coalesce(later.corrected, 0) AS corrected
      FROM counting_countline l LEFT JOIN later ON later.line_id = l.id
     WHERE {THESE_LINES}
"""
