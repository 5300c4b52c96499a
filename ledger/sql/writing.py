"""What posting writes, under the lock: entries of both ledgers, quants, values."""

POSTED_AT = """
    SELECT greatest(clock_timestamp(),
                    (SELECT max(posted_at) FROM ledger_register WHERE location_id = ANY(%(locations)s)),
                    (SELECT max(posted_at) FROM ledger_register WHERE other_location_id = ANY(%(locations)s)))
"""

# An absolute quantity becomes the change that leads to it, now that nothing can move.
TURN_TARGETS_INTO_CHANGES = """
    UPDATE posting_stage s SET quantity = s.quantity - q.quantity FROM warehouse_quant q WHERE q.id = s.quant_id
"""

WRITE_WAREHOUSE_ENTRIES = """
    WITH entry AS (
        INSERT INTO ledger_warehouseentry (register_id, line, quant_id, quantity, effect, undoes_id, unit_id)
        SELECT %(register)s, line, quant_id, quantity, %(effect)s, undoes, unit_id FROM posting_stage ORDER BY row_id
        RETURNING id, quant_id, quantity),
    change AS (SELECT quant_id, sum(quantity) AS quantity, max(id) AS newest FROM entry GROUP BY quant_id)
    UPDATE warehouse_quant q SET quantity = q.quantity + change.quantity, last_entry = change.newest
      FROM change WHERE q.id = change.quant_id
"""

ENSURE_STOCK_VALUES = """
    INSERT INTO ledger_stockvalue (location_id, item_id, variant_id, quantity, value)
    SELECT DISTINCT s.location_id, s.item_id, s.variant_id, 0, 0 FROM posting_stage s
     WHERE s.quantity <> 0 AND s.books
       AND NOT EXISTS (SELECT 1 FROM ledger_stockvalue v
                        WHERE v.item_id = s.item_id AND v.location_id = s.location_id
                          AND v.variant_id IS NOT DISTINCT FROM s.variant_id)
        ON CONFLICT DO NOTHING
"""

# The money of each item ledger entry: the moving average of item, variant and location (weighted average after every
# receipt). All that comes in goes into the pool first: at the money it brings (a reversal), at its unit cost, else at
# the average, else at the cost on the item. Then what goes out takes its share of the pool, as the difference of
# rounded cumulated shares, so that the last piece takes the rest and the money of a pool always adds up. A reversal
# takes out exactly what the reversed document brought in, as long as that leaves no negative value behind; a unit takes
# out exactly what it cost (PRICE_UNITS). What arrives from another location, or was something else before, brings the
# money that left there.
VALUE_ENTRIES = """
    INSERT INTO posting_item (id, line, item_id, variant_id, location_id, lot_id, quantity, amount, unit_id)
    WITH booked AS (
        SELECT s.*, v.id AS pool, v.quantity AS owned, v.value AS worth, i.unit_cost AS item_cost
          FROM posting_stage s
          JOIN ledger_stockvalue v ON v.item_id = s.item_id AND v.location_id = s.location_id
                                  AND coalesce(v.variant_id, 0) = coalesce(s.variant_id, 0)
          JOIN warehouse_item i ON i.id = s.item_id
         WHERE s.quantity <> 0 AND s.books),
    incoming AS (
        SELECT b.*, CASE WHEN b.amount IS NOT NULL THEN b.amount
                         WHEN b.unit_cost IS NOT NULL THEN round(b.quantity * b.unit_cost, 4)
                         WHEN b.owned > 0 THEN round(b.quantity * b.worth / b.owned, 4)
                         ELSE round(b.quantity * b.item_cost, 4) END AS money
          FROM booked b WHERE b.quantity > 0 AND NOT b.arrives),
    received AS (SELECT pool, sum(quantity) AS quantity, sum(money) AS money FROM incoming GROUP BY pool),
    outgoing AS (
        SELECT b.*, b.owned + coalesce(r.quantity, 0) AS pool_quantity, b.worth + coalesce(r.money, 0) AS pool_money,
               sum(-b.quantity) OVER (PARTITION BY b.pool ORDER BY b.row_id) AS cumulated,
               sum(b.quantity) OVER (PARTITION BY b.pool) AS all_quantity,
               sum(b.amount) OVER (PARTITION BY b.pool) AS all_amount
          FROM booked b LEFT JOIN received r ON r.pool = b.pool
         WHERE b.quantity < 0),
    issued AS (
        SELECT o.*, CASE WHEN o.unit_id IS NOT NULL THEN o.amount
                         WHEN o.amount IS NOT NULL AND o.pool_quantity + o.all_quantity > 0
                              AND o.pool_money + o.all_amount >= 0 THEN o.amount
                         ELSE round(o.pool_money * (o.cumulated + o.quantity) / o.pool_quantity, 4)
                            - round(o.pool_money * o.cumulated / o.pool_quantity, 4) END AS money
          FROM outgoing o),
    priced AS (
        SELECT row_id, line, item_id, variant_id, location_id, lot_id, quantity, money, unit_id FROM incoming
         UNION ALL
        SELECT row_id, line, item_id, variant_id, location_id, lot_id, quantity, money, unit_id FROM issued
         UNION ALL
        SELECT b.row_id, b.line, b.item_id, b.variant_id, b.location_id, b.lot_id, b.quantity,
               coalesce(b.amount, -o.money), b.unit_id
          FROM booked b LEFT JOIN issued o ON o.line = b.line
         WHERE b.arrives)
    SELECT nextval(pg_get_serial_sequence('ledger_itemledgerentry', 'id')), line, item_id, variant_id, location_id,
           lot_id, quantity, money, unit_id
      FROM (SELECT * FROM priced ORDER BY row_id) priced
"""

WRITE_ITEM_LEDGER = """
    INSERT INTO ledger_itemledgerentry (id, register_id, line, item_id, variant_id, location_id, lot_id, quantity,
                                        effect, unit_id)
    SELECT id, %(register)s, line, item_id, variant_id, location_id, lot_id, quantity, %(effect)s, unit_id
      FROM posting_item
"""

WRITE_VALUE = """
    WITH money AS (
        INSERT INTO ledger_valueentry (item_ledger_entry_id, amount) SELECT id, amount FROM posting_item)
    UPDATE ledger_stockvalue v SET quantity = v.quantity + change.quantity, value = v.value + change.amount
      FROM (SELECT item_id, variant_id, location_id, sum(quantity) AS quantity, sum(amount) AS amount
              FROM posting_item GROUP BY item_id, variant_id, location_id) change
     WHERE v.item_id = change.item_id AND v.location_id = change.location_id
       AND coalesce(v.variant_id, 0) = coalesce(change.variant_id, 0)
"""
