"""The floor of counting units: opening, scanning, looking at what differs and completing, in set-based SQL.

It writes the same rows as the product: an entry for each unit that comes, goes or is moved, a scan and a sighting for
each code, a row for each unit that differs. It knows no tags, no other counts, no movements meanwhile, no decisions.
"""

from django.db import connection, transaction

SCHEMA = """
    DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor;
    CREATE TABLE floor.item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text NOT NULL UNIQUE);
    CREATE TABLE floor.bin (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE floor.quant (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id bigint NOT NULL REFERENCES floor.item,
        bin_id bigint NOT NULL REFERENCES floor.bin, quantity numeric(18, 5) NOT NULL CHECK (quantity >= 0),
        UNIQUE (bin_id, item_id)) WITH (fillfactor = 80);
    CREATE TABLE floor.unit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id bigint NOT NULL REFERENCES floor.item,
        code text NOT NULL, quant_id bigint, last_entry bigint NOT NULL DEFAULT 0, cost numeric(20, 4) NOT NULL,
        UNIQUE (item_id, code)) WITH (fillfactor = 80);
    CREATE INDEX ON floor.unit (code);
    CREATE INDEX ON floor.unit (quant_id) WHERE quant_id IS NOT NULL;
    CREATE TABLE floor.session (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL DEFAULT 'draft');
    CREATE TABLE floor.line (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id bigint NOT NULL REFERENCES floor.session,
        quant_id bigint NOT NULL REFERENCES floor.quant, open boolean NOT NULL DEFAULT true,
        expected numeric(18, 5) NOT NULL, counted numeric(18, 5) CHECK (counted >= 0), counted_at timestamptz,
        adjustment numeric(18, 5), moved numeric(18, 5)) WITH (fillfactor = 45);
    CREATE INDEX ON floor.line (session_id);
    CREATE UNIQUE INDEX ON floor.line (quant_id) WHERE open;
    CREATE TABLE floor.scan (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id bigint NOT NULL, line_id bigint NOT NULL,
        unit_id bigint NOT NULL, code text NOT NULL, scanned_at timestamptz NOT NULL, client_id uuid NOT NULL,
        UNIQUE (client_id, code));
    CREATE INDEX ON floor.scan (session_id, scanned_at);
    CREATE TABLE floor.sighting (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line_id bigint NOT NULL, unit_id bigint NOT NULL,
        code text NOT NULL, seen_at timestamptz NOT NULL, unit_entry bigint NOT NULL, UNIQUE (line_id, code));
    CREATE INDEX ON floor.sighting (unit_id);
    CREATE TABLE floor.difference (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id bigint NOT NULL, line_id bigint NOT NULL,
        unit_id bigint NOT NULL, from_quant bigint NOT NULL, to_quant bigint, cost numeric(20, 4) NOT NULL);
    CREATE INDEX ON floor.difference (session_id);
    CREATE INDEX ON floor.difference (line_id);
    CREATE INDEX ON floor.difference (unit_id);
    CREATE TABLE floor.warehouse_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, quant_id bigint NOT NULL REFERENCES floor.quant,
        unit_id bigint NOT NULL, quantity numeric(18, 5) NOT NULL);
    CREATE INDEX ON floor.warehouse_entry (quant_id, id);
    CREATE INDEX ON floor.warehouse_entry (unit_id);
    CREATE TABLE floor.item_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id bigint NOT NULL, unit_id bigint NOT NULL,
        quantity numeric(18, 5) NOT NULL);
    CREATE INDEX ON floor.item_entry (item_id, id);
    CREATE TABLE floor.value_entry (item_entry_id bigint PRIMARY KEY, amount numeric(20, 4) NOT NULL);
"""

SEED = """
    INSERT INTO floor.item (number) SELECT number FROM warehouse_item ORDER BY id;
    INSERT INTO floor.bin (code) SELECT code FROM warehouse_bin WHERE kind = 'storage' ORDER BY id;
"""

MAKE_UNITS = """
    WITH named AS (
        SELECT i.id AS item_id, b.id AS bin_id, r.code
          FROM floor_row r JOIN floor.item i ON i.number = r.item JOIN floor.bin b ON b.code = r.bin),
    made AS (
        INSERT INTO floor.quant (item_id, bin_id, quantity)
        SELECT item_id, bin_id, count(*) FROM named GROUP BY bin_id, item_id ORDER BY bin_id, item_id
        RETURNING id, item_id, bin_id)
    INSERT INTO floor.unit (item_id, code, quant_id, cost)
    SELECT n.item_id, n.code, m.id, 2 FROM named n JOIN made m ON m.item_id = n.item_id AND m.bin_id = n.bin_id
"""
RECEIVE = """
    WITH moved AS (INSERT INTO floor.warehouse_entry (quant_id, unit_id, quantity)
                   SELECT quant_id, id, 1 FROM floor.unit RETURNING id, unit_id),
    placed AS (UPDATE floor.unit u SET last_entry = m.id FROM moved m WHERE u.id = m.unit_id),
    owned AS (INSERT INTO floor.item_entry (item_id, unit_id, quantity) SELECT item_id, id, 1 FROM floor.unit
              RETURNING id)
    INSERT INTO floor.value_entry (item_entry_id, amount) SELECT id, 2 FROM owned
"""

OPEN = "INSERT INTO floor.line (session_id, quant_id, expected) SELECT %s, id, quantity FROM floor.quant ORDER BY id"

SCAN = """
    WITH session AS (SELECT id FROM floor.session WHERE id = %(session)s AND status = 'draft' FOR SHARE),
    read AS (
        SELECT l.id AS line_id, u.id AS unit_id, c.code, u.last_entry
          FROM floor_code c
          JOIN floor.unit u ON u.code = c.code
          JOIN floor.quant q ON q.bin_id = %(bin)s AND q.item_id = u.item_id
          JOIN floor.line l ON l.quant_id = q.id AND l.open
          JOIN session ON session.id = l.session_id),
    kept AS (INSERT INTO floor.scan (session_id, line_id, unit_id, code, scanned_at, client_id)
             SELECT %(session)s, line_id, unit_id, code, now(), %(client_id)s FROM read)
    INSERT INTO floor.sighting (line_id, unit_id, code, seen_at, unit_entry)
    SELECT line_id, unit_id, code, now(), last_entry FROM read
        ON CONFLICT DO NOTHING
"""
COUNT = """
    UPDATE floor.line l SET counted = s.units, counted_at = now()
      FROM (SELECT s.line_id, count(*) AS units FROM floor.sighting s
             WHERE s.line_id IN (SELECT l.id FROM floor.quant q JOIN floor.line l ON l.quant_id = q.id AND l.open
                                  WHERE q.bin_id = %(bin)s)
             GROUP BY s.line_id) s
     WHERE l.id = s.line_id
"""

DIFFER = """
    SELECT l.id AS line_id, u.id AS unit_id, u.item_id, u.quant_id AS from_quant, l.quant_id AS to_quant, u.cost
      FROM floor.line l JOIN floor.sighting s ON s.line_id = l.id JOIN floor.unit u ON u.id = s.unit_id
     WHERE l.session_id = %(session)s AND u.quant_id <> l.quant_id
     UNION ALL
    SELECT l.id, u.id, u.item_id, l.quant_id, NULL, u.cost
      FROM floor.line l JOIN floor.unit u ON u.quant_id = l.quant_id
     WHERE l.session_id = %(session)s
       AND NOT EXISTS (SELECT FROM floor.sighting s WHERE s.unit_id = u.id)
"""
STAGE_DIFFERENCES = f"CREATE TEMPORARY TABLE floor_differs ON COMMIT DROP AS {DIFFER}"
KEEP_DIFFERENCES = """
    INSERT INTO floor.difference (session_id, line_id, unit_id, from_quant, to_quant, cost)
    SELECT %(session)s, line_id, unit_id, from_quant, to_quant, cost FROM floor_differs
"""
POST_DIFFERENCES = """
    WITH moved AS (
        INSERT INTO floor.warehouse_entry (quant_id, unit_id, quantity)
        SELECT from_quant, unit_id, -1 FROM floor_differs
         UNION ALL SELECT to_quant, unit_id, 1 FROM floor_differs WHERE to_quant IS NOT NULL
        RETURNING id, quant_id, unit_id, quantity),
    placed AS (
        UPDATE floor.unit u SET quant_id = d.to_quant, last_entry = m.last
          FROM floor_differs d JOIN (SELECT unit_id, max(id) AS last FROM moved GROUP BY unit_id) m USING (unit_id)
         WHERE u.id = d.unit_id),
    filled AS (
        UPDATE floor.quant q SET quantity = q.quantity + c.change
          FROM (SELECT quant_id, sum(quantity) AS change FROM moved GROUP BY quant_id) c WHERE q.id = c.quant_id),
    owned AS (
        INSERT INTO floor.item_entry (item_id, unit_id, quantity)
        SELECT item_id, unit_id, -1 FROM floor_differs WHERE to_quant IS NULL RETURNING id)
    INSERT INTO floor.value_entry (item_entry_id, amount) SELECT id, -2 FROM owned
"""
CLOSE = """
    UPDATE floor.line l SET open = false, adjustment = coalesce(d.change, 0), moved = coalesce(d.moved, 0)
      FROM floor.line o
      LEFT JOIN (SELECT quant_id, sum(change) AS change, sum(moved) AS moved
                   FROM (SELECT from_quant AS quant_id, CASE WHEN to_quant IS NULL THEN -1 ELSE 0 END AS change,
                                CASE WHEN to_quant IS NULL THEN 0 ELSE -1 END AS moved FROM floor_differs
                          UNION ALL SELECT to_quant, 0, 1 FROM floor_differs WHERE to_quant IS NOT NULL) each
                  GROUP BY quant_id) d USING (quant_id)
     WHERE o.session_id = %(session)s AND l.id = o.id
"""


class UnitFloor:
    """Each step is one transaction, as in the product. Units and codes come from the client by COPY, as there."""

    def prepare(self):
        self._run(SCHEMA + SEED)

    @transaction.atomic
    def post(self, rows):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE floor_row (bin text, item text, code text) ON COMMIT DROP")
            with cursor.copy("COPY floor_row FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE floor_row")
            cursor.execute(MAKE_UNITS)
            cursor.execute(RECEIVE)

    @transaction.atomic
    def open(self):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO floor.session DEFAULT VALUES RETURNING id")
            self.session = cursor.fetchone()[0]
            cursor.execute(OPEN, [self.session])
            cursor.execute("SELECT code, id FROM floor.bin")
            self.bins = dict(cursor.fetchall())

    @transaction.atomic
    def scan(self, bin, codes, client_id):
        known = {"session": self.session, "bin": self.bins[bin.code], "client_id": client_id}
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE floor_code (code text) ON COMMIT DROP")
            with cursor.copy("COPY floor_code FROM STDIN") as copy:
                for code in codes:
                    copy.write_row([code])
            cursor.execute("ANALYZE floor_code")
            cursor.execute(SCAN, known)
            cursor.execute(COUNT, known)

    def differences(self):
        with connection.cursor() as cursor:
            cursor.execute(DIFFER, {"session": self.session})
            return len(cursor.fetchall())

    @transaction.atomic
    def complete(self):
        known = {"session": self.session}
        with connection.cursor() as cursor:
            cursor.execute("SELECT status FROM floor.session WHERE id = %(session)s FOR UPDATE", known)
            cursor.execute(STAGE_DIFFERENCES, known)
            cursor.execute("ANALYZE floor_differs")
            cursor.execute(KEEP_DIFFERENCES, known)
            cursor.execute(POST_DIFFERENCES)
            cursor.execute(CLOSE, known)
            cursor.execute("UPDATE floor.session SET status = 'completed' WHERE id = %(session)s", known)

    def _run(self, statements):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statements)
