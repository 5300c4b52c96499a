"""Searches whose unit is not in the missing bin any more, and those whose unit is there again."""

# What took it out of the missing bin tells how the search ended: with a place that it went to, it was found.
END_SEARCHES = """
    UPDATE counting_searchtask task
       SET state = CASE WHEN way_out.found THEN 'found' ELSE 'written_off' END,
           ended_at = way_out.posted_at, ended_by_document_id = way_out.register_id
      FROM (SELECT DISTINCT ON (t.id) t.id, e.register_id, r.posted_at,
                   EXISTS (SELECT 1 FROM ledger_warehouseentry place
                             JOIN warehouse_quant there ON there.id = place.quant_id AND NOT there.virtual
                            WHERE place.unit_id = e.unit_id AND place.register_id = e.register_id
                              AND place.quantity > 0) AS found
              FROM counting_searchtask t
              JOIN warehouse_unit u ON u.id = t.unit_id
              LEFT JOIN warehouse_quant now ON now.id = u.quant_id
              LEFT JOIN warehouse_bin lies_in ON lies_in.id = now.bin_id
              JOIN ledger_warehouseentry e ON e.unit_id = t.unit_id AND e.quantity < 0
              JOIN warehouse_quant before ON before.id = e.quant_id
              JOIN warehouse_bin missing ON missing.id = before.bin_id AND missing.kind = 'missing'
              JOIN ledger_register r ON r.id = e.register_id
             WHERE t.state = 'open' AND lies_in.kind IS DISTINCT FROM 'missing'
             ORDER BY t.id, e.id DESC) way_out
     WHERE task.id = way_out.id
"""

# A movement or a write-off was taken back: the newest search of the unit goes on, for as long as it had at first.
RESUME_SEARCHES = """
    UPDATE counting_searchtask task
       SET state = 'open', ended_at = NULL, ended_by_document_id = NULL,
           due_on = greatest(task.due_on, %(today)s::date + place.search_days)
      FROM warehouse_unit u
      JOIN warehouse_quant q ON q.id = u.quant_id
      JOIN warehouse_bin b ON b.id = q.bin_id AND b.kind = 'missing'
      JOIN warehouse_location place ON place.id = q.location_id
     WHERE task.unit_id = u.id AND task.state <> 'open'
       AND task.id = (SELECT max(newest.id) FROM counting_searchtask newest WHERE newest.unit_id = u.id)
"""
