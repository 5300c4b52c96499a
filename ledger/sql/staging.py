"""What a document is to post, set out in temporary tables before anything is locked.

`arrives`: the end of a line that comes in with the money that its other end takes out; `books`: the item ledger hears
of it; `virtual`: it is in an adjustment bin.
"""

CREATE_STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_line (
        line int NOT NULL, bin_id bigint NOT NULL, to_bin_id bigint, item_id bigint NOT NULL, variant_id bigint,
        lot_id bigint, quantity numeric, unit_cost numeric, seen_entry bigint, unit_code text, manufacturer_number text,
        unit_lot_id bigint, unit_id bigint, arrives boolean NOT NULL DEFAULT false,
        books boolean NOT NULL DEFAULT true) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_unit (
        line int NOT NULL, unit_code text NOT NULL, manufacturer_number text NOT NULL, unit_lot_id bigint)
        ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_stage (
        row_id bigint GENERATED ALWAYS AS IDENTITY, line int NOT NULL, quant_id bigint NOT NULL,
        location_id bigint NOT NULL, bin_id bigint NOT NULL, item_id bigint NOT NULL, variant_id bigint, lot_id bigint,
        quantity numeric, unit_cost numeric, amount numeric, seen_entry bigint, undoes bigint,
        unit_id bigint, virtual boolean NOT NULL DEFAULT false, arrives boolean NOT NULL DEFAULT false,
        books boolean NOT NULL DEFAULT true) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_item (
        id bigint NOT NULL, line int NOT NULL, item_id bigint NOT NULL, variant_id bigint, location_id bigint NOT NULL,
        lot_id bigint, quantity numeric NOT NULL, amount numeric NOT NULL, unit_id bigint) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS posting_error (line int NOT NULL, code text NOT NULL) ON COMMIT DELETE ROWS;
    DELETE FROM posting_line; DELETE FROM posting_unit; DELETE FROM posting_stage; DELETE FROM posting_item;
    DELETE FROM posting_error
"""

COPY_LINES = """
    COPY posting_line (line, bin_id, to_bin_id, item_id, variant_id, lot_id, quantity, unit_cost, seen_entry) FROM STDIN
"""

WITHOUT_ERROR = "NOT EXISTS (SELECT 1 FROM posting_error e WHERE e.line = posting_line.line)"

# The keys of both ends of a line
KEYS = """
    (SELECT line, bin_id, item_id, variant_id, lot_id FROM posting_line
      UNION ALL
     SELECT line, to_bin_id, item_id, variant_id, lot_id FROM posting_line WHERE to_bin_id IS NOT NULL) posting_line
"""

STAGE_LINES = f"""
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity, unit_cost,
                               seen_entry, unit_id, virtual, arrives, books)
    SELECT l.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, l.quantity, l.unit_cost,
           l.seen_entry, l.unit_id, q.virtual, l.arrives, l.books
      FROM (SELECT line, bin_id, item_id, variant_id, lot_id, unit_cost, seen_entry, unit_id,
                   CASE WHEN to_bin_id IS NULL THEN quantity ELSE -quantity END AS quantity, arrives, books
              FROM posting_line WHERE {WITHOUT_ERROR}
             UNION ALL
            SELECT line, to_bin_id, item_id, variant_id, lot_id, unit_cost, NULL, unit_id, quantity, true, books
              FROM posting_line WHERE to_bin_id IS NOT NULL AND {WITHOUT_ERROR}) l
      JOIN warehouse_quant q ON q.bin_id = l.bin_id AND q.item_id = l.item_id
       AND coalesce(q.variant_id, 0) = coalesce(l.variant_id, 0) AND coalesce(q.lot_id, 0) = coalesce(l.lot_id, 0)
     ORDER BY l.line, l.quantity
"""

# {source} is a compiled queryset with the columns quant_id, quantity and unit_id (NULL: a quantity without units).
STAGE_QUANTS = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity,
                               unit_id)
    SELECT row_number() OVER (ORDER BY q.id, source.unit_id::bigint), q.id, q.location_id, q.bin_id, q.item_id,
           q.variant_id, q.lot_id, source.quantity, source.unit_id::bigint
      FROM ({source}) source (quant_id, quantity, unit_id)
      JOIN warehouse_quant q ON q.id = source.quant_id
     ORDER BY q.id, source.unit_id::bigint
"""

# {source} is a compiled queryset with the columns quant_id, to_quant_id, quantity and unit_id; both ends of each are
# one line.
STAGE_PAIRS = """
    INSERT INTO posting_stage (line, quant_id, location_id, bin_id, item_id, variant_id, lot_id, quantity,
                               unit_id)
    SELECT pair.line, q.id, q.location_id, q.bin_id, q.item_id, q.variant_id, q.lot_id, its.quantity,
           pair.unit_id::bigint
      FROM (SELECT row_number() OVER (ORDER BY quant_id, to_quant_id, unit_id::bigint) AS line, source.*
              FROM ({source}) source (quant_id, to_quant_id, quantity, unit_id)) pair
     CROSS JOIN LATERAL (VALUES (quant_id, -quantity), (to_quant_id, quantity)) its (quant_id, quantity)
      JOIN warehouse_quant q ON q.id = its.quant_id
     ORDER BY pair.line, its.quantity
"""

ANALYZE_STAGE = "ANALYZE posting_stage"
# Or the planner takes the lines for few, and looks for each unit in the table of units that it is being written to.
ANALYZE_LINES = "ANALYZE posting_line"
