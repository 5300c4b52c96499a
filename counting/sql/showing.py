"""What a counter sees of the units of the lines of a bin."""

# What lies in the quant of a line by the book, scanned in the round that is shown or not; and what was scanned there
# beside it. Only a page of each pile is read on, and how many it holds in all: a line may have ten thousand units.
# The first unit comes with every page, for the sake of that number. {piles} is PILES_BY_THE_BOOK, or in a blind count
# PILE_OF_SCANS.
UNITS_OF_LINES = """
    WITH line AS (SELECT * FROM unnest(%(lines)s::bigint[], %(quants)s::bigint[], %(rounds)s::int[])
                             AS line (id, quant_id, round)),
    seen AS (SELECT s.line_id, l.quant_id, s.code, s.unit_id, s.kind, s.seen_at
               FROM line l JOIN counting_sighting s ON s.line_id = l.id AND s.round = l.round),
    told AS ({piles}),
    placed AS (SELECT told.*, count(*) OVER pile AS total,
                      row_number() OVER (pile ORDER BY seen_at DESC NULLS LAST, code) AS place
                 FROM told
                WHERE %(find)s = '' OR right(upper(code), length(%(find)s)) = %(find)s
                   OR right(upper(number), length(%(find)s)) = %(find)s
                   OR right(upper(serial), length(%(find)s)) = %(find)s
               WINDOW pile AS (PARTITION BY line_id, pile))
    SELECT p.line_id, p.pile, p.total, p.place, p.code, p.number, p.seen_at, p.state, b.code, w.id, w.name
      FROM placed p
      LEFT JOIN warehouse_quant q ON q.id = p.quant_id
      LEFT JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN warehouse_location w ON w.id = q.location_id
     WHERE p.place = 1 OR p.place > %(after)s AND p.place <= %(after)s + %(rows)s
     ORDER BY p.line_id, p.pile, p.place
"""

PILES_BY_THE_BOOK = """
    SELECT l.id AS line_id, CASE WHEN s.code IS NULL THEN 'left' ELSE 'here' END AS pile, u.code,
           u.manufacturer_number AS number, u.serial_number AS serial, s.seen_at, u.state, NULL::bigint AS quant_id
      FROM line l
      JOIN warehouse_unit u ON u.quant_id = l.quant_id
      LEFT JOIN seen s ON s.line_id = l.id AND s.unit_id = u.id
     UNION ALL
    SELECT s.line_id, CASE WHEN u.id IS NULL THEN 'unknown' ELSE 'more' END, s.code, u.manufacturer_number,
           u.serial_number, s.seen_at, u.state, u.quant_id
      FROM seen s
      LEFT JOIN warehouse_unit u ON u.id = s.unit_id
     WHERE u.quant_id IS DISTINCT FROM s.quant_id
"""

# Nothing but what somebody held in their hands. Units that were allotted to a quantity come from the book.
PILE_OF_SCANS = """
    SELECT line_id, 'scanned' AS pile, code, ''::text AS number, ''::text AS serial, seen_at, NULL::text AS state,
           NULL::bigint AS quant_id
      FROM seen
     WHERE kind = 'seen'
"""
