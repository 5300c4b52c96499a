"""What people type, scan and paste for units of an item, as codes the way they are stored.

A serial number may come from a label with more on it, or in a tag; a tag in any notation, or as the serial number that
is in it. What nobody knows stays as it was typed: a receipt may make it, anything else says so.
"""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError, LineError
from warehouse.barcodes import gtin_14, parse
from warehouse.codes import CodesRefused, expand_codes
from warehouse.models import Item, ItemReference, Tracking, Unit
from warehouse.tags import read_tag

SENTENCES = {
    "unit_of_another_item": _("“%(code)s” says that it is another item."),
    "not_a_tag": _("“%(code)s” is no tag, and no serial number of a unit that is known. Scan the tag."),
    "code_twice": _("“%(code)s” is named twice."),
}


@dataclass(frozen=True)
class Said:
    """What a code says: all of it, and what a tag or a label with more on it says of item and serial number."""

    text: str
    gtin: str = ""
    serial: str = ""
    tag: str = ""


def codes_of(item: Item, text: str) -> list[str]:
    """The codes of these units, in the order in which they were typed. Raises CodesRefused with every error."""
    typed = [(place, code, read(code)) for place, code in enumerate(expand_codes(text), start=1)]
    gtins, known = _gtins_of(item), _known(item, [said for _place, _code, said in typed])
    found, errors = {}, []
    for place, code, said in typed:
        stored = _stored(item, said, known)
        if said.gtin and said.gtin not in gtins:
            error = "unit_of_another_item"
        elif not stored:
            error = "not_a_tag"
        else:
            error = "code_twice" if stored in found else ""
        if error:
            errors.append(LineError(line=place, code=error, message=str(SENTENCES[error] % {"code": code})))
        found[stored] = place
    if errors:
        raise CodesRefused(errors)
    return list(found)


def read(code: str) -> Said:
    if tag := read_tag(code):
        return Said(code, tag.gtin, tag.serial, tag.code)
    try:
        scan = parse(code)
    except DomainError:
        return Said(code)
    return Said(code, scan.gtin or "", scan.serial) if scan.serial else Said(code)


def _stored(item, said, known):
    """How the unit is stored, or would be; "" where that cannot be known."""
    if item.tracking == Tracking.RFID:
        known_as = known.get(said.tag) or known.get(said.serial) or known.get(said.text)
        return known_as or said.tag
    return known.get(said.serial) or known.get(said.text) or said.serial or said.text


def _known(item, saying):
    """{code, serial number or manufacturer's number: code} of the units of this item that somebody may mean."""
    texts = {text for said in saying for text in (said.text, said.serial, said.tag) if text}
    fields = ("code", "serial_number", "manufacturer_number")
    meant = Q(code__in=texts) | Q(serial_number__in=texts) | Q(manufacturer_number__in=texts)
    units = list(Unit.objects.filter(meant, item=item).values_list(*fields))
    return {text: unit[0] for position in (2, 1, 0) for unit in units if (text := unit[position])}


def _gtins_of(item):
    codes = ItemReference.objects.filter(item=item).values_list("code", flat=True)
    return {gtin for code in codes if (gtin := gtin_14(code))}
