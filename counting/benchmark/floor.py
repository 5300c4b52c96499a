"""The floor: the job of the product in set-based SQL, on tables as small as can be, in a schema of their own.

It writes the same rows as the product: a line for each quant, and for each difference a warehouse entry, an item ledger
entry and a value entry; and it closes its lines. It knows no scope, no reasons, no rounds, no rights and no watermarks.
"""

from django.db import connection, transaction

SCHEMA = """
    DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor;
    CREATE TABLE floor.item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text NOT NULL UNIQUE,
                             unit_cost numeric(18, 6) NOT NULL);
    CREATE TABLE floor.bin (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE floor.quant (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id bigint NOT NULL REFERENCES floor.item,
        bin_id bigint NOT NULL REFERENCES floor.bin, quantity numeric(18, 5) NOT NULL CHECK (quantity >= 0),
        UNIQUE (bin_id, item_id)) WITH (fillfactor = 80);
    CREATE TABLE floor.session (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL DEFAULT 'draft');
    CREATE TABLE floor.line (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id bigint NOT NULL REFERENCES floor.session,
        quant_id bigint NOT NULL REFERENCES floor.quant, open boolean NOT NULL DEFAULT true,
        expected numeric(18, 5) NOT NULL, counted numeric(18, 5) CHECK (counted >= 0), counted_at timestamptz,
        adjustment numeric(18, 5)) WITH (fillfactor = 45);
    CREATE INDEX ON floor.line (session_id);
    CREATE UNIQUE INDEX ON floor.line (quant_id) WHERE open;
    CREATE TABLE floor.said (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line_id bigint NOT NULL REFERENCES floor.line,
        quantity numeric(18, 5) NOT NULL, client_id uuid NOT NULL UNIQUE);
    CREATE TABLE floor.warehouse_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, quant_id bigint NOT NULL REFERENCES floor.quant,
        quantity numeric(18, 5) NOT NULL);
    CREATE INDEX ON floor.warehouse_entry (quant_id, id);
    CREATE TABLE floor.item_entry (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item_id bigint NOT NULL, quantity numeric(18, 5) NOT NULL);
    CREATE INDEX ON floor.item_entry (item_id, id);
    CREATE TABLE floor.value_entry (item_entry_id bigint PRIMARY KEY, amount numeric(20, 4) NOT NULL);
"""

SEED = """
    INSERT INTO floor.item (number, unit_cost) SELECT number, unit_cost FROM warehouse_item ORDER BY id;
    INSERT INTO floor.bin (code) SELECT code FROM warehouse_bin WHERE kind = 'storage' ORDER BY id;
"""

# Receipts as lines from the client, staged by COPY as the product does.
POST = """
    WITH made AS (
        INSERT INTO floor.quant (item_id, bin_id, quantity)
        SELECT i.id, b.id, 0 FROM floor_line l JOIN floor.item i ON i.number = l.item JOIN floor.bin b ON b.code = l.bin
         ORDER BY b.id, i.id
        RETURNING id, item_id, bin_id),
    staged AS (
        SELECT m.id AS quant_id, m.item_id, l.quantity, i.unit_cost
          FROM floor_line l JOIN floor.item i ON i.number = l.item JOIN floor.bin b ON b.code = l.bin
          JOIN made m ON m.item_id = i.id AND m.bin_id = b.id),
    moved AS (INSERT INTO floor.warehouse_entry (quant_id, quantity) SELECT quant_id, quantity FROM staged),
    owned AS (INSERT INTO floor.item_entry (item_id, quantity) SELECT item_id, quantity FROM staged
              RETURNING id, quantity)
    INSERT INTO floor.value_entry (item_entry_id, amount) SELECT id, round(quantity * 2, 4) FROM owned
"""
FILL = "UPDATE floor.quant q SET quantity = e.quantity FROM floor.warehouse_entry e WHERE e.quant_id = q.id"

OPEN = "INSERT INTO floor.line (session_id, quant_id, expected) SELECT %s, id, quantity FROM floor.quant ORDER BY id"

ENTER = """
    WITH counted AS (
        UPDATE floor.line l SET counted = u.quantity, counted_at = now()
          FROM floor_count u WHERE l.id = u.line_id AND l.session_id = %s
        RETURNING l.id, u.quantity, u.client_id)
    INSERT INTO floor.said (line_id, quantity, client_id) SELECT id, quantity, client_id FROM counted
"""

ENTER_ONE = """
    WITH session AS (SELECT id FROM floor.session WHERE id = %s AND status = 'draft' FOR SHARE)
    UPDATE floor.line l SET counted = %s, counted_at = now() FROM session WHERE l.id = %s AND l.session_id = session.id
"""

CLOSE = """
    UPDATE floor.line l SET open = false, adjustment = l.counted - q.quantity
      FROM floor.quant q WHERE l.session_id = %s AND q.id = l.quant_id
"""
ADJUST = """
    WITH difference AS (
        SELECT l.quant_id, q.item_id, l.adjustment FROM floor.line l JOIN floor.quant q ON q.id = l.quant_id
         WHERE l.session_id = %s AND l.adjustment <> 0 ORDER BY q.id FOR UPDATE OF q),
    moved AS (INSERT INTO floor.warehouse_entry (quant_id, quantity) SELECT quant_id, adjustment FROM difference),
    owned AS (INSERT INTO floor.item_entry (item_id, quantity) SELECT item_id, adjustment FROM difference
              RETURNING id, item_id, quantity),
    worth AS (INSERT INTO floor.value_entry (item_entry_id, amount)
              SELECT o.id, round(o.quantity * i.unit_cost, 4) FROM owned o JOIN floor.item i ON i.id = o.item_id)
    UPDATE floor.quant q SET quantity = q.quantity + d.adjustment FROM difference d WHERE q.id = d.quant_id
"""


class Floor:
    """Each step is one transaction, as in the product. Lines and counts come from the client by COPY, as there."""

    def prepare(self):
        self._run(SCHEMA + SEED)

    @transaction.atomic
    def post(self, rows):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE floor_line (bin text, item text, quantity numeric) ON COMMIT DROP")
            with cursor.copy("COPY floor_line FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE floor_line")
            cursor.execute(POST)
            cursor.execute(FILL)

    @transaction.atomic
    def open(self):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO floor.session DEFAULT VALUES RETURNING id")
            self.session = cursor.fetchone()[0]
            cursor.execute(OPEN, [self.session])

    def lines(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, expected FROM floor.line WHERE session_id = %s ORDER BY id", [self.session])
            return cursor.fetchall()

    @transaction.atomic
    def enter(self, rows):
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE floor_count (line_id bigint, quantity numeric, client_id uuid) ON COMMIT DROP"
            )
            with cursor.copy("COPY floor_count FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE floor_count")
            cursor.execute(ENTER, [self.session])

    def enter_one(self, line, quantity):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ENTER_ONE, [self.session, quantity, line])

    @transaction.atomic
    def complete(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT status FROM floor.session WHERE id = %s FOR UPDATE", [self.session])
            cursor.execute(CLOSE, [self.session])
            cursor.execute(ADJUST, [self.session])
            cursor.execute("UPDATE floor.session SET status = 'completed' WHERE id = %s", [self.session])

    def _run(self, statements):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statements)
