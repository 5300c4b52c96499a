"""Completing: the digest that is confirmed, and what closing writes into the lines.

Of lines that are counted by quantity. What becomes of units is in posting_units.
"""

from counting.sql.adjusting import ADJUSTMENT, ADJUSTMENT_AT_REST, LATER
from counting.sql.blocking import BLOCKED_LINES, LINES_AGAINST_A_BLOCK
from counting.sql.misplaced import MOVING
from counting.sql.uncounted import OPEN_TO_ZERO

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
              WHERE l.session_id = %(session)s AND l.counted_quantity IS NOT NULL AND NOT l.serialized
              UNION ALL
             SELECT CASE WHEN q.quantity = 0 OR NOT %(leave)s THEN -q.quantity END, l.unit_cost, true
               FROM counting_countline l JOIN warehouse_quant q ON q.id = l.quant_id
              WHERE l.session_id = %(session)s AND {OPEN_TO_ZERO} AND q.last_entry <= %(zero_up_to)s
                AND NOT l.serialized)
    SELECT {FIGURES},
           (SELECT count(*) FROM movement WHERE quantity > 0), (SELECT coalesce(sum(quantity), 0) FROM movement)
      FROM line
"""

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

# Closing writes what completing posts: first the lines whose quant is as it was when it was counted, nearly always
# all of them, in one join without the history; then the rest.
CLOSE_LINES_AT_REST = f"""
    UPDATE counting_countline l
       SET open = false, adjustment = {ADJUSTMENT_AT_REST}
      FROM warehouse_quant q
     WHERE l.session_id = %(session)s AND q.id = l.quant_id AND NOT l.serialized
       AND (l.watermark IS NULL OR l.watermark = q.last_entry)
"""

CLOSE_LINES_THAT_MOVED = f"""
    WITH later AS ({LATER}),
    moved AS (SELECT mine.id, later.* FROM counting_countline mine LEFT JOIN later ON later.line_id = mine.id
               WHERE mine.session_id = %(session)s AND mine.open AND NOT mine.serialized)
    UPDATE counting_countline l
       SET open = false, adjustment = {ADJUSTMENT}, superseded = coalesce(later.settled, false)
      FROM moved later
     WHERE l.id = later.id
"""

DIGEST_OF_CLOSED = f"""
    WITH movement AS (SELECT moved FROM counting_misplacement WHERE session_id = %(session)s AND moved > 0),
    line AS (SELECT adjustment - coalesce(moved, 0) AS adjustment, unit_cost,
                    counted_quantity IS NOT NULL AND decision = 'open' AND NOT recount_asked AS undecided
               FROM counting_countline WHERE session_id = %(session)s AND NOT serialized)
    SELECT {FIGURES}, (SELECT count(*) FROM movement), (SELECT coalesce(sum(moved), 0) FROM movement) FROM line
"""

# Lines that cannot be posted as they are, once for each kind of trouble.
PROBLEM_LINES = f"""
    SELECT l.id, broken.code, q.quantity, l.adjustment
      FROM counting_countline l
      JOIN warehouse_quant q ON q.id = l.quant_id
      LEFT JOIN ledger_reason r ON r.id = l.reason_id
     CROSS JOIN LATERAL (VALUES
        (l.recount_asked AND l.decision <> 'left_out', 'recount_asked'),
        (l.disturbed AND l.counted_quantity IS NOT NULL AND l.decision = 'open' AND NOT l.recount_asked
           AND NOT %(leave)s, 'disturbed'),
        (NOT l.recount_asked AND (l.decision = 'accepted' OR l.decision = 'open' AND NOT %(leave)s)
           AND (r.direction = 'found' AND l.discrepancy < 0 OR r.direction = 'missing' AND l.discrepancy > 0),
         'reason_does_not_fit'),
        (l.adjustment < 0 AND q.quantity + l.adjustment < 0, 'below_zero')
     ) broken (so, code)
     WHERE l.session_id = %(session)s AND broken.so
       AND (l.recount_asked OR l.disturbed OR l.reason_id IS NOT NULL OR l.adjustment < 0)
     UNION ALL {BLOCKED_LINES}
     UNION ALL {LINES_AGAINST_A_BLOCK}
     ORDER BY 1
     LIMIT 1000
"""
