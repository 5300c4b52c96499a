"""A file of counts, through a temporary table, all or none."""

CREATE_UPLOAD = """
    CREATE TEMPORARY TABLE IF NOT EXISTS count_upload (
        row int NOT NULL, line_id bigint NOT NULL, quantity numeric, begun bigint, client_id uuid NOT NULL
    ) ON COMMIT DELETE ROWS;
    DELETE FROM count_upload
"""

COPY_UPLOAD = "COPY count_upload (row, line_id, quantity, begun, client_id) FROM STDIN"

# A blank quantity means "as the book says", which is only taken where nothing moved since the page was shown.
CHECK_UPLOAD = """
    SELECT u.row, broken.code
      FROM count_upload u
      LEFT JOIN counting_countline l ON l.id = u.line_id AND l.session_id = %(session)s AND l.open
      LEFT JOIN (SELECT line_id, count(*) AS rows FROM count_upload GROUP BY line_id) twice ON twice.line_id = u.line_id
     CROSS JOIN LATERAL (VALUES
        (l.id IS NULL, 'line_elsewhere'),
        (l.round <> %(round)s, 'line_closed'),
        (l.serialized, 'line_serialized'),
        (twice.rows > 1, 'line_twice'),
        (u.quantity IN ('NaN', 'Infinity', '-Infinity') OR abs(u.quantity) >= 1e13
           OR u.quantity <> round(u.quantity, 5), 'quantity_unusable'),
        (u.quantity < 0, 'quantity_negative')
     ) broken (so, code)
     WHERE broken.so
     ORDER BY u.row
     LIMIT 1000
"""

# What was taken before. In a statement of its own: an anti-join inside RECORD_UPLOAD would read the entries that the
# same statement is writing, again for each row.
DROP_REPEATS = """
    DELETE FROM count_upload u USING counting_countentry e WHERE e.client_id = u.client_id
"""

# CHECK_UPLOAD has made sure that the lines are the session's. Saying so again here would let the planner, which knows
# nothing yet of a session that was opened just now, start from "its few lines" and read the whole upload for each.
# counted_at is compared with posted_at, so it is the time of the database too; %(at)s is when the file came.
RECORD_UPLOAD = """
    WITH counted AS (
        UPDATE counting_countline l
           SET counted_quantity = coalesce(u.quantity, q.quantity), book_quantity = q.quantity,
               watermark = q.last_entry, begun = coalesce(u.begun, q.last_entry),
               disturbed = coalesce(u.begun <> q.last_entry, false),
               counted_at = greatest(statement_timestamp(), l.counted_at), counted_by_id = %(by)s,
               counted_round = l.round, recount_asked = false, decision = 'open', accepted_quantity = NULL,
               zeroed = false, verified = false
          FROM count_upload u, warehouse_quant q
         WHERE l.id = u.line_id AND q.id = l.quant_id
           AND (u.quantity IS NOT NULL OR u.begun = q.last_entry)
        RETURNING l.id, l.round, l.counted_quantity, l.counted_at, l.begun, u.client_id)
    INSERT INTO counting_countentry (line_id, round, kind, quantity, expression, begun, counted_at, received_at, by_id,
                                     client_id)
    SELECT id, round, 'set', counted_quantity, '', begun, counted_at, %(at)s, %(by)s, client_id FROM counted
"""
