"""Completing a count of units: what is set out in the table of sql.units is prepared, written down, and posted."""

from counting.sql.blocking import UNIT_BLOCKED
from counting.sql.units import DIFFERING, POSTS

# A unit for each that was counted beyond those that are known, with the next of our own numbers that neither a unit of
# its item has nor a code that was scanned in this count.
NUMBER_SURPLUS = """
    WITH surplus AS (
        DELETE FROM count_unit WHERE verdict = 'new' AND unit_code = '' AND posted AND quantity <= %(most)s RETURNING *)
    INSERT INTO count_unit (verdict, item_id, variant_id, unit_code, line_id, to_quant_id, cost, quantity, posts,
                            settled, posted)
    SELECT 'surplus', item_id, variant_id, 'N-' || nextval('warehouse_unit_number'), line_id, to_quant_id, cost, 1,
           posts, settled, posted
      FROM surplus CROSS JOIN generate_series(1, quantity)
"""
NUMBER_AGAIN = """
    UPDATE count_unit c SET unit_code = 'N-' || nextval('warehouse_unit_number')
     WHERE verdict = 'surplus'
       AND (EXISTS (SELECT 1 FROM warehouse_unit u WHERE u.item_id = c.item_id AND u.code = c.unit_code)
            OR EXISTS (SELECT 1 FROM count_unit scanned
                        WHERE scanned.item_id = c.item_id AND scanned.unit_code = c.unit_code
                          AND scanned.verdict <> 'surplus'))
"""
TO_BE_MADE = "verdict IN ('new', 'surplus') AND unit_id IS NULL AND posted AND unit_code <> ''"
TO_BE_SEARCHED = "verdict = 'search' AND posted"

# From now on they are units that were counted on the line, like others.
SEE_SURPLUS = """
    INSERT INTO counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id)
    SELECT l.id, l.counted_round, u.id, u.code, 'allotted', l.counted_at, 0, l.counted_by_id
      FROM count_unit c
      JOIN counting_countline l ON l.id = c.line_id
      JOIN warehouse_unit u ON u.item_id = c.item_id AND u.code = c.unit_code
     WHERE c.verdict = 'surplus'
"""

# Once for each unit of which nobody can say where it lies, unless nothing would be posted for it anyway; where so many
# units are to be made that somebody must have mistyped; and for each that is blocked and would be posted.
PROBLEMS = f"""
    SELECT d.line_id, CASE d.verdict WHEN 'new' THEN 'too_many_new' ELSE 'unit_seen_twice' END, d.code, d.quantity
      FROM (SELECT * FROM {{differences}}) d
     WHERE d.verdict = 'conflict' AND NOT d.settled
       AND EXISTS (SELECT 1 FROM counting_countline l WHERE l.id = ANY(d.seen_on) AND {POSTS})
        OR d.posted AND d.quantity > %(most)s
     UNION ALL
    SELECT d.line_id, 'unit_blocked', d.code, d.quantity
      FROM (SELECT * FROM {{differences}}) d JOIN warehouse_unit u ON u.id = d.unit_id
     WHERE d.posted AND {UNIT_BLOCKED}
     ORDER BY 1, 3
     LIMIT 1000
"""
PROBLEMS_NOW = f"WITH {DIFFERING} {PROBLEMS.format(differences='difference')}"
PROBLEMS_SET_OUT = PROBLEMS.format(differences="(SELECT *, unit_code AS code FROM count_unit) its")

# The part of the digest that units make up (completing.Digest).
FIGURES = """
    SELECT count(DISTINCT line_id) FILTER (WHERE posted AND verdict IN ('write_off', 'found', 'new')),
           coalesce(sum(quantity) FILTER (WHERE posted AND verdict IN ('found', 'new')), 0),
           -coalesce(sum(quantity) FILTER (WHERE posted AND verdict = 'write_off'), 0),
           coalesce(sum(quantity * cost) FILTER (WHERE posted AND verdict IN ('found', 'new')), 0)
         - coalesce(sum(quantity * cost) FILTER (WHERE posted AND verdict = 'write_off'), 0),
           count(DISTINCT line_id) FILTER (WHERE undecided),
           count(DISTINCT (from_quant_id, to_quant_id)) FILTER (WHERE posted AND verdict IN ('transfer', 'search')),
           coalesce(sum(quantity) FILTER (WHERE posted AND verdict IN ('transfer', 'search')), 0),
           coalesce(sum(quantity) FILTER (WHERE posted AND verdict = 'write_off'), 0)
      FROM (SELECT d.*, NOT d.posts AND l.decision = 'open' AND NOT l.recount_asked
                        AND d.verdict IN ('transfer', 'found', 'new', 'write_off', 'search') AS undecided
              FROM {differences} d JOIN counting_countline l ON l.id = d.line_id) its
"""
DIGEST = f"WITH {DIFFERING} {FIGURES.format(differences='difference')}"
DIGEST_SET_OUT = FIGURES.format(differences="count_unit")

# Stock moved between the preparation and the lock, and what is to be posted now has not been prepared.
UNPREPARED = """
    SELECT EXISTS (SELECT 1 FROM count_unit
                    WHERE posted AND (unit_id IS NULL OR verdict = 'search' AND to_quant_id IS NULL))
"""

WRITE_DOWN = """
    INSERT INTO counting_unitdifference (session_id, line_id, unit_id, code, verdict, from_quant_id, to_quant_id, cost,
                                         posted)
    SELECT %(session)s, line_id, unit_id, unit_code, verdict, from_quant_id, to_quant_id, cost, posted
      FROM count_unit WHERE unit_code <> '' ORDER BY line_id, unit_code
"""

# What is posted at the quant of each line, transfers included; 0 where a line was to be posted and all is right.
# Lines are looked up one by one, by their quant: what is open is one at most.
CLOSE_LINES = f"""
    WITH change AS (
        SELECT line_id, sum(adjustment) AS adjustment, sum(moved) AS moved
          FROM (SELECT l.id AS line_id, its.quantity AS adjustment, its.moved
                  FROM (SELECT from_quant_id AS quant_id, -1 AS quantity,
                               CASE WHEN verdict IN ('transfer', 'search') THEN -1 END AS moved
                          FROM count_unit WHERE posted AND from_quant_id IS NOT NULL
                         UNION ALL
                        SELECT to_quant_id, 1, CASE WHEN verdict IN ('transfer', 'search') THEN 1 END
                          FROM count_unit WHERE posted AND to_quant_id IS NOT NULL) its
                  JOIN counting_countline l ON l.quant_id = its.quant_id AND l.open AND l.session_id + 0 = %(session)s
                 UNION ALL
                SELECT l.id, CASE WHEN l.counted_quantity IS NOT NULL AND {POSTS} THEN 0 END, NULL
                  FROM counting_countline l WHERE l.session_id = %(session)s AND l.serialized) each
         GROUP BY line_id)
    UPDATE counting_countline l SET open = false, adjustment = change.adjustment, moved = change.moved
      FROM change WHERE l.id = change.line_id
"""

BEGIN_SEARCHES = """
    INSERT INTO counting_searchtask (unit_id, session_id, last_bin_id, state, opened_at, due_on, note)
    SELECT w.unit_id, %(session)s, q.bin_id, 'open', %(at)s, %(due_on)s, ''
      FROM counting_unitdifference w
      JOIN warehouse_quant q ON q.id = w.from_quant_id
      LEFT JOIN counting_searchtask t ON t.unit_id = w.unit_id AND t.state = 'open'
     WHERE w.session_id = %(session)s AND w.posted AND w.verdict = 'search'
     ORDER BY t.id, w.id
        ON CONFLICT (unit_id) WHERE state = 'open' DO UPDATE
       SET session_id = excluded.session_id, last_bin_id = excluded.last_bin_id, opened_at = excluded.opened_at,
           due_on = excluded.due_on, assigned_to_id = NULL
"""
