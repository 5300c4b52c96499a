"""Which bins become the defaults of items when something of them is put into a bin where goods are kept."""

# Under FIXED the first bin, and for good: an item that has a default keeps it. Under LAST_USED the last one, and the
# bin that was the default is one like others again: where nothing else is settled about it, nothing is kept. The former
# defaults are counted, so that they are none any more before there are others.
FOLLOW_DEFAULT_BINS = """
    WITH used AS MATERIALIZED (
        SELECT DISTINCT ON (s.location_id, s.item_id, s.variant_id)
               s.location_id, s.bin_id, s.item_id, s.variant_id, place.default_bin_selection = 'fixed' AS fixed
          FROM posting_stage s
          JOIN warehouse_location place ON place.id = s.location_id AND place.default_bin_selection <> ''
          JOIN warehouse_bin b ON b.id = s.bin_id AND b.kind = 'storage'
         WHERE s.quantity > 0
           AND (place.default_bin_selection = 'last_used'
                OR NOT EXISTS (SELECT 1 FROM warehouse_bincontent c
                                WHERE c.location_id = s.location_id AND c.item_id = s.item_id
                                  AND c.variant_id IS NOT DISTINCT FROM s.variant_id AND c."default"))
         ORDER BY s.location_id, s.item_id, s.variant_id,
                  CASE WHEN place.default_bin_selection = 'fixed' THEN s.row_id ELSE -s.row_id END),
    former AS (
        SELECT c.id, c.fixed OR c.dedicated OR c.minimum IS NOT NULL OR c.maximum IS NOT NULL
                     OR c.block_movement <> '' AS settled
          FROM used
          JOIN warehouse_bincontent c ON c.location_id = used.location_id AND c.item_id = used.item_id
           AND c.variant_id IS NOT DISTINCT FROM used.variant_id
         WHERE c."default" AND c.bin_id <> used.bin_id),
    gone AS (DELETE FROM warehouse_bincontent c USING former WHERE c.id = former.id AND NOT former.settled RETURNING 1),
    kept AS (UPDATE warehouse_bincontent c SET "default" = false
               FROM former WHERE c.id = former.id AND former.settled RETURNING 1)
    INSERT INTO warehouse_bincontent (location_id, bin_id, item_id, variant_id, fixed, "default", dedicated,
                                      block_movement)
    SELECT location_id, bin_id, item_id, variant_id, fixed, true, false, ''
      FROM used, (SELECT count(*) FROM gone) gone, (SELECT count(*) FROM kept) kept
     ORDER BY bin_id, item_id, variant_id
        ON CONFLICT (bin_id, item_id, variant_id) DO UPDATE
       SET "default" = true, fixed = warehouse_bincontent.fixed OR excluded.fixed
     WHERE NOT warehouse_bincontent."default"
"""
