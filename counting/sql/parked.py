"""Parked codes: what the same person scanned just before and just after each of them."""

# A burst has one time for all its codes: among these the order is that of the keys. A code that was put aside may have
# been kept as a scan too, or not; its own scan is the newest of this code up to then.
NEIGHBOURS = """
    WITH parked AS (
        SELECT p.place, p.code, p.by_id, p.at,
               coalesce((SELECT max(s.id) FROM counting_unitscan s
                          WHERE s.session_id = %(session)s AND s.scanned_at = p.at AND s.code = p.code), 0) AS scan
          FROM unnest(%(codes)s::text[], %(people)s::bigint[], %(moments)s::timestamptz[])
               WITH ORDINALITY p (code, by_id, at, place)
    )
    SELECT p.place, beside.before, beside.code, coalesce(i.name, ''), beside.at
      FROM parked p
     CROSS JOIN LATERAL (
        (SELECT true AS before, each.* FROM (
            (SELECT s.code, s.unit_id, s.scanned_at AS at, s.id FROM counting_unitscan s
              WHERE s.session_id = %(session)s AND s.by_id = p.by_id AND s.kind <> 'back' AND s.code <> p.code
                AND (s.scanned_at, s.id) < (p.at, CASE WHEN p.scan = 0 THEN 9223372036854775807 ELSE p.scan END)
              ORDER BY s.scanned_at DESC, s.id DESC LIMIT 1)
            UNION ALL
            (SELECT a.code, NULL, a.at, 0 FROM counting_putaside a
              WHERE a.session_id = %(session)s AND a.by_id = p.by_id AND a.code <> p.code AND a.at < p.at
              ORDER BY a.at DESC LIMIT 1)) each
          ORDER BY each.at DESC, each.id DESC LIMIT 1)
        UNION ALL
        (SELECT false, each.* FROM (
            (SELECT s.code, s.unit_id, s.scanned_at AS at, s.id FROM counting_unitscan s
              WHERE s.session_id = %(session)s AND s.by_id = p.by_id AND s.kind <> 'back' AND s.code <> p.code
                AND (s.scanned_at, s.id) > (p.at, CASE WHEN p.scan = 0 THEN 9223372036854775807 ELSE p.scan END)
              ORDER BY s.scanned_at, s.id LIMIT 1)
            UNION ALL
            (SELECT a.code, NULL, a.at, 0 FROM counting_putaside a
              WHERE a.session_id = %(session)s AND a.by_id = p.by_id AND a.code <> p.code AND a.at > p.at
              ORDER BY a.at LIMIT 1)) each
          ORDER BY each.at, each.id LIMIT 1)
     ) beside
      LEFT JOIN warehouse_unit u ON u.id = beside.unit_id
      LEFT JOIN warehouse_item i ON i.id = u.item_id
"""
