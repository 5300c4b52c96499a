"""What people mean by what they type or scan into a form: an item, a bin, a lot, a unit of measure.

Never a guess: what fits two things is an error that names them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from warehouse.barcodes import candidates, parse
from warehouse.models import (
    Bin,
    BinKind,
    Item,
    ItemReference,
    ItemUnit,
    ItemVariant,
    Location,
    Lot,
    Tracking,
    UnitOfMeasure,
)

SHOWN = 4  # so many of the things that fit are named in an error
MOST_NAMED = 500  # in one list
SEPARATORS = re.compile(r"[,;\n]+")


class ItemUnknown(DomainError):
    code, text = "item_unknown", _("No item has the number, bar code or name “%(typed)s”.")


class ItemAmbiguous(DomainError):
    code, text = "item_ambiguous", _("“%(typed)s” fits %(found)s. Type the number.")


class BinNeeded(DomainError):
    code, text = "bin_missing", _("Say which bin. Stock without a bin lies in %(implicit)s.")


class BinUnknown(DomainError):
    code, text = "bin_unknown", _("%(location)s has no bin “%(typed)s”.")


class BinAmbiguous(DomainError):
    code, text = "bin_ambiguous", _("“%(typed)s” fits %(found)s. Type the number.")


class LotUnknown(DomainError):
    code, text = "lot_unknown", _("%(item)s has no lot “%(typed)s”.")


class LotNotExpected(DomainError):
    code, text = "lot_not_expected", _("%(item)s is not tracked by lot: leave the lot blank.")


class UnitNotOfItem(DomainError):
    code, text = "unit_not_of_item", _("%(item)s is counted in %(units)s.")


@dataclass(frozen=True)
class FoundItem:
    """An item, and what else stood on the label that named it."""

    item: Item
    variant: ItemVariant | None = None
    lot_number: str = ""
    expiration_date: date | None = None


def find_item(text: str) -> FoundItem:
    """By number ("HW-2207", with a variant "HW-2207/RED"), bar code, GS1 label, or name if it names one item only."""
    scan = parse(text)
    on_the_label = {"lot_number": scan.lot or "", "expiration_date": scan.expiry}
    for look in (_by_number, _by_reference, _by_number_and_variant, _by_name):
        found = look(scan)
        if len(found) > 1:
            raise ItemAmbiguous(typed=scan.text, found=", ".join(str(item) for item, _variant in found[:SHOWN]))
        if found:
            item, variant = found[0]
            return FoundItem(item, variant, **on_the_label)
    raise ItemUnknown(typed=scan.text)


def _by_number(scan):
    numbers = {scan.text, scan.text.upper(), *candidates(scan)}
    found = list(Item.objects.filter(number__in=numbers).with_names()[:SHOWN])
    literally = [item for item in found if item.number == scan.text]
    return [(item, None) for item in literally or found]


def _by_reference(scan):
    references = ItemReference.objects.filter(code__in=candidates(scan)).select_related("item__base_unit", "variant")
    found = {(reference.item_id, reference.variant_id): reference for reference in references}
    return [(reference.item, reference.variant) for reference in found.values()]


def _by_number_and_variant(scan):
    number, _slash, code = scan.text.rpartition("/")
    variants = ItemVariant.objects.filter(item__number__in={number, number.upper()}, code__iexact=code)
    return [(variant.item, variant) for variant in variants.select_related("item__base_unit")]


def _by_name(scan):
    exact = Item.objects.filter(name__iexact=scan.text).with_names()[:SHOWN]
    partly = Item.objects.filter(name__icontains=scan.text).with_names()[:SHOWN] if len(scan.text) > 2 else []
    return [(item, None) for item in exact or partly]


def find_bin(text: str, *, location: Location) -> Bin:
    """By number or name. Blank is stock without a bin, where a location has no other bins."""
    bins = Bin.objects.filter(location=location).real()
    if not text:
        implicit = bins.get(kind=BinKind.IMPLICIT)
        if bins.exclude(pk=implicit.pk).exists():
            raise BinNeeded(implicit=implicit.code)
        return implicit
    found = list(bins.named(text)[: SHOWN + 1])
    same = [bin for bin in found if bin.code == text]
    if len(found) > 1 and not same:
        raise BinAmbiguous(typed=text, found=", ".join(bin.code for bin in found[:SHOWN]))
    if not found:
        raise BinUnknown(typed=text, location=location.name)
    return (same or found)[0]


def find_lot(text: str, *, item: Item) -> Lot:
    if item.tracking == Tracking.BULK:
        raise LotNotExpected(item=item)
    lots = Lot.objects.filter(item=item)
    lot = lots.filter(number=text).first() or lots.filter(number__iexact=text).first()
    if lot is None:
        raise LotUnknown(typed=text, item=item)
    return lot


def factors_of(item: Item) -> Mapping[str, Decimal]:
    """{unit of measure, by code and by name: how many base units one is}."""
    units = ItemUnit.objects.filter(item=item).select_related("unit_of_measure")
    pairs = [(unit.unit_of_measure, unit.quantity_per) for unit in units] + [(item.base_unit, Decimal(1))]
    return {spelling: per for unit, per in pairs for spelling in (unit.code, unit.name)}


def factor_of(unit: UnitOfMeasure | None, *, item: Item, factors: Mapping[str, Decimal]) -> Decimal:
    """How many base units one `unit` of the item is; no unit is the base unit."""
    if unit is None:
        return Decimal(1)
    if unit.code not in factors:
        raise UnitNotOfItem(item=item, units=", ".join(dict.fromkeys(factors)))
    return factors[unit.code]


def each_of(text: str, find: Callable[[str], Iterable[Model]]) -> list[Model]:
    """What every part of a list with commas means, each thing once; all that nobody knows is told at once.

    Raises ValidationError with an error for each part that `find` refused.
    """
    parts = [part for part in map(str.strip, SEPARATORS.split(text)) if part]
    if len(parts) > MOST_NAMED:
        raise ValidationError(_("Name at most %(most)s at once.") % {"most": MOST_NAMED})
    found, errors = {}, []
    for part in dict.fromkeys(parts):
        try:
            found |= {thing.pk: thing for thing in find(part)}
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise ValidationError(errors)
    return list(found.values())
