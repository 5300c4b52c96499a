"""The floor of counting units: receiving, opening, scanning, looking at what differs and completing, in set-based SQL.

Its tables are copies of the product's: the same columns, indexes, checks and foreign keys, without triggers. It writes
the same rows: an entry in both ledgers for each unit that comes or goes, a scan and a sighting for each code, a row for
each unit that differs; and it answers what the product answers: what each code is, and one page of what differs. It
knows no tags, no other counts, no movements meanwhile, no decisions.
"""

from django.db import connection, transaction

COPIED = [
    "warehouse_quant",
    "warehouse_unit",
    "ledger_warehouseentry",
    "ledger_itemledgerentry",
    "ledger_valueentry",
    "ledger_stockvalue",
    "counting_countline",
    "counting_unitscan",
    "counting_sighting",
    "counting_unitdifference",
]

SCHEMA = """
    DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor;
    CREATE TABLE floor.counting_countsession (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL DEFAULT 'draft');
    CREATE TABLE floor.ledger_register (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, posted_at timestamptz NOT NULL DEFAULT now());
"""
TABLES = """
    SELECT format('CREATE TABLE floor.%%I (LIKE public.%%I INCLUDING ALL) %%s', relname, relname,
                  'WITH (' || array_to_string(reloptions, ', ') || ')')
      FROM unnest(%s::regclass[]) copied (oid) JOIN pg_class USING (oid)
"""
# Said as the product's tables say them; among copies they lead to copies.
FOREIGN_KEYS = """
    SELECT format('ALTER TABLE floor.%%I ADD %%s', relname, pg_get_constraintdef(key.oid))
      FROM pg_constraint key JOIN pg_class ON pg_class.oid = conrelid
     WHERE conrelid = ANY(%s::regclass[]) AND contype = 'f'
"""

MAKE_UNITS = """
    WITH made AS (
        INSERT INTO floor.warehouse_quant (location_id, bin_id, item_id, quantity, last_entry, virtual)
        SELECT %(location)s, bin_id, item_id, count(*), 0, false FROM floor_row GROUP BY bin_id, item_id
         ORDER BY bin_id, item_id
        RETURNING id, item_id, bin_id),
    valued AS (
        INSERT INTO floor.ledger_stockvalue (location_id, item_id, quantity, value)
        SELECT %(location)s, item_id, count(*), 2 * count(*) FROM floor_row GROUP BY item_id)
    INSERT INTO floor.warehouse_unit (item_id, kind, code, serial_number, manufacturer_number, state, quant_id,
                                      last_entry, cost)
    SELECT r.item_id, 'serial', r.code, r.code, '', 'in_stock', m.id, 0, 2
      FROM floor_row r JOIN made m ON m.item_id = r.item_id AND m.bin_id = r.bin_id
"""
RECEIVE = """
    WITH register AS (INSERT INTO floor.ledger_register DEFAULT VALUES RETURNING id),
    moved AS (
        INSERT INTO floor.ledger_warehouseentry (register_id, line, quant_id, quantity, unit_id, effect)
        SELECT register.id, row_number() OVER (ORDER BY u.id), u.quant_id, 1, u.id, 'moved'
          FROM floor.warehouse_unit u, register
        RETURNING id, quant_id, unit_id),
    placed AS (UPDATE floor.warehouse_unit u SET last_entry = m.id FROM moved m WHERE u.id = m.unit_id),
    filled AS (
        UPDATE floor.warehouse_quant q SET last_entry = m.newest
          FROM (SELECT quant_id, max(id) AS newest FROM moved GROUP BY quant_id) m WHERE q.id = m.quant_id),
    owned AS (
        INSERT INTO floor.ledger_itemledgerentry (register_id, line, item_id, location_id, quantity, unit_id, effect)
        SELECT register.id, row_number() OVER (ORDER BY u.id), u.item_id, %(location)s, 1, u.id, 'moved'
          FROM floor.warehouse_unit u, register
        RETURNING id)
    INSERT INTO floor.ledger_valueentry (item_ledger_entry_id, amount) SELECT id, 2 FROM owned
"""

OPEN = """
    INSERT INTO floor.counting_countline (session_id, quant_id, open, found, serialized, system_quantity, unit_cost,
                                          disturbed, round, recount_asked, decision, note, verified, superseded)
    SELECT %s, id, true, false, true, quantity, 2, false, 1, false, 'open', '', false, false
      FROM floor.warehouse_quant ORDER BY id
"""

SCAN = """
    WITH session AS (SELECT id FROM floor.counting_countsession WHERE id = %(session)s AND status = 'draft' FOR SHARE),
    read AS (
        SELECT c.position, c.code, l.id AS line_id, u.id AS unit_id, u.last_entry, u.item_id, u.quant_id
          FROM floor_code c
          JOIN floor.warehouse_unit u ON u.code = c.code
          JOIN floor.warehouse_quant q ON q.bin_id = %(bin)s AND q.item_id = u.item_id
          JOIN floor.counting_countline l ON l.quant_id = q.id AND l.open
          JOIN session ON session.id = l.session_id),
    kept AS (
        INSERT INTO floor.counting_unitscan (session_id, line_id, bin_id, unit_id, code, kind, round, scanned_at,
                                             received_at, by_id, client_id)
        SELECT %(session)s, line_id, %(bin)s, unit_id, code, 'seen', 1, now(), now(), %(by)s, %(client_id)s FROM read),
    seen AS (
        INSERT INTO floor.counting_sighting (line_id, round, unit_id, code, kind, seen_at, unit_entry, by_id, client_id)
        SELECT line_id, 1, unit_id, code, 'seen', now(), last_entry, %(by)s, %(client_id)s FROM read
            ON CONFLICT DO NOTHING)
    SELECT read.code, read.line_id, i.number, i.name, b.code
      FROM read
      JOIN warehouse_item i ON i.id = read.item_id
      JOIN floor.warehouse_quant q ON q.id = read.quant_id
      JOIN warehouse_bin b ON b.id = q.bin_id
     ORDER BY read.position
"""
COUNT = """
    UPDATE floor.counting_countline l
       SET counted_quantity = s.units, book_quantity = q.quantity, watermark = q.last_entry, begun = q.last_entry,
           counted_at = now(), counted_by_id = %(by)s, counted_round = 1
      FROM (SELECT line_id, count(*) AS units FROM floor.counting_sighting
             WHERE line_id IN (SELECT l.id FROM floor.warehouse_quant q
                                 JOIN floor.counting_countline l ON l.quant_id = q.id AND l.open
                                WHERE q.bin_id = %(bin)s)
             GROUP BY line_id) s, floor.warehouse_quant q
     WHERE l.id = s.line_id AND q.id = l.quant_id
"""

DIFFER = """
    SELECT 'transfer' AS verdict, l.id AS line_id, u.id AS unit_id, u.item_id, u.code, u.quant_id AS from_quant,
           l.quant_id AS to_quant, u.cost
      FROM floor.counting_countline l
      JOIN floor.counting_sighting s ON s.line_id = l.id
      JOIN floor.warehouse_unit u ON u.id = s.unit_id
     WHERE l.session_id = %(session)s AND u.quant_id <> l.quant_id
     UNION ALL
    SELECT 'write_off', l.id, u.id, u.item_id, u.code, l.quant_id, NULL, u.cost
      FROM floor.counting_countline l JOIN floor.warehouse_unit u ON u.quant_id = l.quant_id
     WHERE l.session_id = %(session)s
       AND NOT EXISTS (SELECT FROM floor.counting_sighting s WHERE s.unit_id = u.id)
"""
PAGE = f"""
    WITH page AS (
        SELECT *, count(*) OVER its AS units, sum(cost) OVER its AS costs, count(*) OVER () AS all_units
          FROM ({DIFFER}) each WINDOW its AS (PARTITION BY verdict) ORDER BY verdict, item_id, code LIMIT 50)
    SELECT page.*, i.number, i.name, b.code AS from_bin, t.code AS to_bin
      FROM page
      JOIN warehouse_item i ON i.id = page.item_id
      JOIN floor.warehouse_quant q ON q.id = page.from_quant
      JOIN warehouse_bin b ON b.id = q.bin_id
      LEFT JOIN floor.warehouse_quant u ON u.id = page.to_quant
      LEFT JOIN warehouse_bin t ON t.id = u.bin_id
"""
STAGE_DIFFERENCES = f"CREATE TEMPORARY TABLE floor_differs ON COMMIT DROP AS {DIFFER}"
KEEP_DIFFERENCES = """
    INSERT INTO floor.counting_unitdifference (session_id, line_id, unit_id, code, verdict, from_quant_id, to_quant_id,
                                               cost, posted)
    SELECT %(session)s, line_id, unit_id, code, verdict, from_quant, to_quant, cost, true FROM floor_differs
"""
POST_DIFFERENCES = """
    WITH register AS (INSERT INTO floor.ledger_register DEFAULT VALUES RETURNING id),
    moved AS (
        INSERT INTO floor.ledger_warehouseentry (register_id, line, quant_id, quantity, unit_id, effect)
        SELECT register.id, row_number() OVER (), quant_id, quantity, unit_id, 'counted'
          FROM register, (SELECT from_quant AS quant_id, unit_id, -1 AS quantity FROM floor_differs
                           UNION ALL SELECT to_quant, unit_id, 1 FROM floor_differs WHERE to_quant IS NOT NULL) each
        RETURNING id, quant_id, unit_id, quantity),
    placed AS (
        UPDATE floor.warehouse_unit u
           SET quant_id = d.to_quant, last_entry = m.last,
               state = CASE WHEN d.to_quant IS NULL THEN 'detached' ELSE 'in_stock' END
          FROM floor_differs d JOIN (SELECT unit_id, max(id) AS last FROM moved GROUP BY unit_id) m USING (unit_id)
         WHERE u.id = d.unit_id),
    filled AS (
        UPDATE floor.warehouse_quant q SET quantity = q.quantity + c.change, last_entry = c.last
          FROM (SELECT quant_id, sum(quantity) AS change, max(id) AS last FROM moved GROUP BY quant_id) c
         WHERE q.id = c.quant_id),
    owned AS (
        INSERT INTO floor.ledger_itemledgerentry (register_id, line, item_id, location_id, quantity, unit_id, effect)
        SELECT register.id, row_number() OVER (), d.item_id, %(location)s, -1, d.unit_id, 'counted'
          FROM floor_differs d, register WHERE d.to_quant IS NULL
        RETURNING id, item_id),
    valued AS (
        UPDATE floor.ledger_stockvalue v SET quantity = v.quantity - o.units, value = v.value - 2 * o.units
          FROM (SELECT item_id, count(*) AS units FROM owned GROUP BY item_id) o WHERE v.item_id = o.item_id)
    INSERT INTO floor.ledger_valueentry (item_ledger_entry_id, amount) SELECT id, -2 FROM owned
"""
CLOSE = """
    UPDATE floor.counting_countline l
       SET open = false, adjustment = coalesce(d.change, 0), moved = coalesce(d.moved, 0)
      FROM floor.counting_countline o
      LEFT JOIN (SELECT quant_id, sum(change) AS change, sum(moved) AS moved
                   FROM (SELECT from_quant AS quant_id, CASE WHEN to_quant IS NULL THEN -1 ELSE 0 END AS change,
                                CASE WHEN to_quant IS NULL THEN 0 ELSE -1 END AS moved FROM floor_differs
                          UNION ALL SELECT to_quant, 0, 1 FROM floor_differs WHERE to_quant IS NOT NULL) each
                  GROUP BY quant_id) d USING (quant_id)
     WHERE o.session_id = %(session)s AND l.id = o.id
"""


class UnitFloor:
    """Each step is one transaction, as in the product. Units and codes come from the client by COPY, as there."""

    def prepare(self, product):
        self.known = {"location": product.location.pk, "by": product.user.pk}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SCHEMA)
            statements = _rows(cursor, TABLES, [COPIED]) + _rows(cursor, FOREIGN_KEYS, [COPIED])
            cursor.execute("SET LOCAL search_path = floor, public")
            for (statement,) in statements:
                cursor.execute(statement)

    @transaction.atomic
    def post(self, rows):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE floor_row (bin_id bigint, item_id bigint, code text) ON COMMIT DROP")
            with cursor.copy("COPY floor_row FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE floor_row")
            cursor.execute(MAKE_UNITS, self.known)
            cursor.execute(RECEIVE, self.known)

    @transaction.atomic
    def open(self):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO floor.counting_countsession DEFAULT VALUES RETURNING id")
            self.known["session"] = cursor.fetchone()[0]
            cursor.execute(OPEN, [self.known["session"]])

    @transaction.atomic
    def scan(self, bin, codes, client_id):
        known = self.known | {"bin": bin.pk, "client_id": client_id}
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE floor_code (position int, code text) ON COMMIT DROP")
            with cursor.copy("COPY floor_code FROM STDIN") as copy:
                for row in enumerate(codes):
                    copy.write_row(row)
            cursor.execute("ANALYZE floor_code")
            cursor.execute(SCAN, known)
            cursor.fetchall()
            cursor.execute(COUNT, known)

    def differing(self):
        """How many there are, as the page says that shows the first of them."""
        with connection.cursor() as cursor:
            return _rows(cursor, f"SELECT all_units FROM ({PAGE}) page", self.known)[0][0]

    @transaction.atomic
    def complete(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT status FROM floor.counting_countsession WHERE id = %(session)s FOR UPDATE", self.known
            )
            cursor.execute(STAGE_DIFFERENCES, self.known)
            cursor.execute("ANALYZE floor_differs")
            cursor.execute(KEEP_DIFFERENCES, self.known)
            cursor.execute(POST_DIFFERENCES, self.known)
            cursor.execute(CLOSE, self.known)
            cursor.execute(
                "UPDATE floor.counting_countsession SET status = 'completed' WHERE id = %(session)s", self.known
            )


def _rows(cursor, statement, params):
    cursor.execute(statement, params)
    return cursor.fetchall()
