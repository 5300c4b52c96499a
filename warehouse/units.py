"""Units are made without a place, when a document or a count first names them; ledger.posting puts them somewhere."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from warehouse.barcodes import Scan, candidates
from warehouse.models import ItemReference, Tracking, Unit
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


def units_called(text: str, scan: Scan | None = None):
    """The units that this code may mean, as a queryset: serial number, tag in any spelling, label of GS1 (`scan` is
    what `barcodes.parse` made of it), or a manufacturer's number. Nothing is changed."""
    tag = read_tag(text)
    code = tag.code if tag else text
    gtin, serial = (tag.gtin, tag.serial) if tag else (scan and scan.gtin, scan and scan.serial)
    called = Q(code__in=[code, code.upper()]) | Q(manufacturer_number=text)
    if gtin and serial:
        items = {item for item, _variant, _tracking in serialized_items_of([gtin]).get(gtin, ())}
        called |= Q(item__in=items, serial_number=serial)
    return Unit.objects.filter(called)


def serialized_items_of(gtins: Iterable[str]) -> dict[str, set[tuple[int, int | None, str]]]:
    """{gtin: {(item, variant, tracking)}}, by any width in which their references hold it; one statement."""
    spelled = {code: gtin for gtin in gtins for code in candidates(Scan(raw=gtin, text=gtin, gtin=gtin))}
    items = {}
    if spelled:
        references = ItemReference.objects.filter(code__in=spelled, item__tracking__in=[Tracking.SERIAL, Tracking.RFID])
        for code, *item in references.values_list("code", "item", "variant", "item__tracking"):
            items.setdefault(spelled[code], set()).add(tuple(item))
    return items
