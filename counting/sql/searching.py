"""Searches whose unit is not in the missing bin any more, and those whose unit is there again.

Of one location, whose lock is held: so nobody else follows the same searches, and those of others are left alone.
"""

# What took it out of the missing bin tells how the search ended: with a place that it went to, it was found.
END_SEARCHES = """
    WITH over AS (
        SELECT t.id, t.unit_id
          FROM counting_searchtask t
          JOIN counting_countsession s ON s.id = t.session_id AND s.location_id = %(location)s
          JOIN warehouse_unit u ON u.id = t.unit_id
          LEFT JOIN warehouse_quant now ON now.id = u.quant_id
          LEFT JOIN warehouse_bin lies_in ON lies_in.id = now.bin_id
         WHERE t.state = 'open' AND lies_in.kind IS DISTINCT FROM 'missing'
         ORDER BY t.id
           FOR NO KEY UPDATE OF t),
    way_out AS (
        SELECT DISTINCT ON (over.id) over.id, e.register_id, r.posted_at,
               EXISTS (SELECT 1 FROM ledger_warehouseentry place
                         JOIN warehouse_quant there ON there.id = place.quant_id AND NOT there.virtual
                        WHERE place.unit_id = e.unit_id AND place.register_id = e.register_id
                          AND place.quantity > 0) AS found
          FROM over
          JOIN ledger_warehouseentry e ON e.unit_id = over.unit_id AND e.quantity < 0
          JOIN warehouse_quant before ON before.id = e.quant_id
          JOIN warehouse_bin missing ON missing.id = before.bin_id AND missing.kind = 'missing'
          JOIN ledger_register r ON r.id = e.register_id
         ORDER BY over.id, e.id DESC)
    UPDATE counting_searchtask task
       SET state = CASE WHEN way_out.found THEN 'found' ELSE 'written_off' END,
           ended_at = way_out.posted_at, ended_by_document_id = way_out.register_id
      FROM way_out
     WHERE task.id = way_out.id AND task.state = 'open'
"""

# A movement or a write-off was taken back: the newest search of the unit goes on, for as long as it had at first.
RESUME_SEARCHES = """
    WITH back AS (
        SELECT t.id, place.search_days
          FROM warehouse_location place
          JOIN warehouse_bin b ON b.location_id = place.id AND b.kind = 'missing'
          JOIN warehouse_quant q ON q.bin_id = b.id
          JOIN warehouse_unit u ON u.quant_id = q.id
          JOIN counting_searchtask t ON t.unit_id = u.id AND t.state <> 'open'
          JOIN counting_countsession s ON s.id = t.session_id AND s.location_id = place.id
         WHERE place.id = %(location)s
           AND t.id = (SELECT max(newest.id) FROM counting_searchtask newest WHERE newest.unit_id = u.id)
         ORDER BY t.id
           FOR NO KEY UPDATE OF t)
    UPDATE counting_searchtask task
       SET state = 'open', ended_at = NULL, ended_by_document_id = NULL,
           due_on = greatest(task.due_on, %(today)s::date + back.search_days)
      FROM back
     WHERE task.id = back.id AND task.state <> 'open'
"""
