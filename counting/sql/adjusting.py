"""The arithmetic of completing: what a line will post (ARCHITECTURE 5), as parts of statements."""

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
