"""Stock that lies elsewhere: movements between a line that is short and one that is over."""

from counting.sql.adjusting import ADJUSTMENT_IF_ACCEPTED, LATER_OF, OF_SESSION

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
         WHERE l.session_id = %(session)s AND l.open AND l.discrepancy <> 0 AND NOT l.serialized
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

# Before others are accepted: of each movement what it moves now, and none that moves nothing. What was accepted and
# came to nothing would else take its place before the new ones, and they would move less than they say.
KEEP_TO_WHAT_MOVES = f"""
    WITH {MOVING},
    nothing AS (DELETE FROM counting_misplacement
                 WHERE session_id = %(session)s AND id NOT IN (SELECT id FROM movement WHERE quantity > 0))
    UPDATE counting_misplacement m SET quantity = movement.quantity
      FROM movement WHERE m.id = movement.id AND movement.quantity > 0 AND m.quantity <> movement.quantity
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

# Lines, and those that movements of a completed session lead to, again and again; units move as well.
TIED_BY_MOVEMENTS = """
    WITH RECURSIVE movement AS (
        SELECT short_id, over_id FROM counting_misplacement WHERE session_id = %(session)s AND moved > 0
         UNION
        SELECT away.id, here.id
          FROM counting_unitdifference d
          JOIN counting_countline away ON away.quant_id = d.from_quant_id AND away.session_id = d.session_id
          JOIN counting_countline here ON here.quant_id = d.to_quant_id AND here.session_id = d.session_id
         WHERE d.session_id = %(session)s AND d.posted),
    tied (line_id) AS (
        SELECT unnest(%(lines)s::bigint[])
         UNION
        SELECT CASE WHEN movement.short_id = tied.line_id THEN movement.over_id ELSE movement.short_id END
          FROM tied JOIN movement ON tied.line_id IN (movement.short_id, movement.over_id))
    SELECT line_id FROM tied ORDER BY line_id
"""

ANALYZE_MISPLACEMENTS = "ANALYZE counting_misplacement"
