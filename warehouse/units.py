"""Units are made without a place, when a document or a count first names them; ledger.posting puts them somewhere."""

from django.db import connection

from warehouse.sql import ENSURE_UNITS, NEW_TAGS
from warehouse.tags import read_tag


def ensure_units(stage: str, *, condition: str = "true") -> int:
    """Make the units that the rows of the table `stage` name (item_id, variant_id, unit_code, manufacturer_number,
    unit_lot_id); return how many.

    `stage` and `condition` are SQL written by the caller, never input.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEW_TAGS.format(stage=stage, condition=condition))
        serials = _serials_of([code for (code,) in cursor.fetchall()])
        cursor.execute(
            ENSURE_UNITS.format(stage=stage, condition=condition),
            {"codes": list(serials), "serials": list(serials.values())},
        )
        return cursor.rowcount


def _serials_of(codes):
    """{code: serial number} of those tags that hold one."""
    tags = {code: read_tag(code) for code in codes}
    return {code: tag.serial for code, tag in tags.items() if tag and tag.serial}
