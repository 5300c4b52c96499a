"""What a scan means while a bin is being counted. Understanding looks up and asks; it never changes anything.

    understand(session, "4006381333931", bin=bin, by=user)  ->  Meaning(kind=Kind.LINE, lines=[line], quantity=12)

The number of statements does not depend on how much there is to look through.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from counting.blindness import sees_quantities
from counting.models import CountLine, CountSession
from counting.opening import check_place
from counting.walking import lines_in
from inventory_site.errors import DomainError
from inventory_site.templatetags.truecount import quantity
from warehouse.barcodes import Scan, candidates, parse
from warehouse.models import Bin, Item, ItemReference, ItemUnit, ItemVariant, Lot, Quant, Unit, UnitOfMeasure, User
from warehouse.quantities import QUANTUM
from warehouse.tags import read_tag
from warehouse.units import units_called

ONE = Decimal(1)
ASKED_AT_ONCE = 12
MORE_THAN_A_COUNT_HOLDS = Decimal(10) ** 13


class Kind(StrEnum):
    BIN = "bin"  # go there
    LINE = "line"  # one line here: count it
    WHICH = "which"  # several bins, items or lines fit: ask
    ELSEWHERE = "elsewhere"  # an item that we know, but no line here expects it
    SERIALIZED = "serialized"  # an item whose units are scanned; its lines here, if it has some
    UNIT = "unit"  # one piece, or what can only be one: counting.sighting says the rest
    OTHER_LOCATION = "other_location"  # a bin of another location
    UNKNOWN = "unknown"


class UnitNotKnown(DomainError):
    code = "unit_not_known"
    text = _("This label says %(quantity)s %(unit)s, and %(item)s is not counted in %(unit)s. Type how much there is.")


class ScanTooMuch(DomainError):
    code = "scan_too_much"
    text = _("This label says more than a count can hold. Type how much there is.")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """An item that a code may mean; one scan stands for `per` base units."""

    item: Item
    variant: ItemVariant | None = None
    unit_of_measure: UnitOfMeasure | None = None
    per: Decimal = ONE

    @property
    def key(self) -> str:
        """What an answer calls it."""
        return "-".join(str(part.pk if part else 0) for part in (self.item, self.variant, self.unit_of_measure))


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """`quantity` is in base units. `lot` is a number, because the lot may be new. `places`: quants with stock of it."""

    kind: Kind
    code: str
    bin: Bin | None = None
    bins: list[Bin] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    lines: list[CountLine] = field(default_factory=list)
    quantity: Decimal = ONE
    lot: str = ""
    expiry: date | None = None
    known_lot: Lot | None = None
    places: list[Quant] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)

    @property
    def fit(self) -> Fit:
        return self.fits[0]

    @property
    def item(self) -> Item:
        return self.fit.item

    @property
    def line(self) -> CountLine:
        return self.lines[0]

    @property
    def contradicts(self) -> date | None:
        """The expiration date that the book gives the lot, where the label says another."""
        lot = self.lines[0].quant.lot if self.kind == Kind.LINE else self.known_lot
        booked = lot and lot.expiration_date
        return booked if booked and self.expiry and booked != self.expiry else None


def understand(session: CountSession, code: str, *, bin: Bin, by: User, meant: str = "") -> Meaning:
    """What `code`, scanned in `bin`, means. `meant` answers an earlier question: the key of a fit, "line-<id>".

    Raises what `parse` raises, UnitNotKnown, ScanTooMuch and NothingIsCountedThere.
    """
    scan = parse(code)
    found = _look_up(session, scan)
    if found is None and (units := _units(scan)):
        return _unit(session, scan, units, bin=bin, by=by, meant=meant)
    found = found or _look_up_any_case(session, scan)
    if found is None and read_tag(scan.text):
        return Meaning(kind=Kind.UNIT, code=scan.text, bin=bin)
    if found is None:
        return _lot_here(session, scan, bin=bin, meant=meant) or _bin_elsewhere(session, scan, by=by)
    bins, fits = found
    if meant:
        fits = [fit for fit in fits if fit.key == meant.partition("/")[0]] or fits
        bins = [] if len(fits) == 1 else bins
    if len(bins) + len(fits) > 1:
        return Meaning(kind=Kind.WHICH, code=scan.text, bins=bins[:ASKED_AT_ONCE], fits=fits[:ASKED_AT_ONCE])
    if bins:
        check_place(bins[0], session.location)
        return Meaning(kind=Kind.BIN, code=scan.text, bin=bins[0])
    return _item_here(session, scan, fits[0], bin=bin, meant=meant.partition("/")[2])


# What a code may be


def _look_up(session, scan):
    """([bins], [fits]), or None where nothing fits. A bin's number goes before another bin's name."""
    codes = candidates(scan)
    either_case = list(dict.fromkeys([*codes, *(code.upper() for code in codes)]))
    return _named(
        Bin.objects.filter(location=session.location_id).filter(Q(code__in=either_case) | Q(name=scan.text)),
        ItemReference.objects.filter(code__in=codes),
        Item.objects.filter(number__in=either_case),
        code=scan.text,
    )


def _look_up_any_case(session, scan):
    """People type "a-01-03". Slower, so only where the code as it stands is nobody's."""
    return _named(
        Bin.objects.filter(location=session.location_id).filter(Q(code__iexact=scan.text) | Q(name__iexact=scan.text)),
        ItemReference.objects.filter(code__iexact=scan.text),
        Item.objects.filter(number__iexact=scan.text),
        code=scan.text,
    )


def _named(bins, references, items, *, code):
    bins = list(bins.real().in_walking_order()[: ASKED_AT_ONCE + 1])
    bins = [bin for bin in bins if bin.code.casefold() == code.casefold()] or bins
    references = references.select_related("item__base_unit", "variant", "unit_of_measure")
    fits = _fits(list(references[:ASKED_AT_ONCE]), list(items.select_related("base_unit")[:ASKED_AT_ONCE]))
    return (bins, fits) if bins or fits else None


def _fits(references: Iterable[ItemReference], items: Iterable[Item]) -> list[Fit]:
    """A reference knows the variant and the unit of measure; an item number alone only where no reference says more."""
    factors = _factors(references)
    fits = {}
    for reference in references:
        per = factors.get((reference.item_id, reference.unit_of_measure_id), ONE)
        fit = Fit(item=reference.item, variant=reference.variant, unit_of_measure=reference.unit_of_measure, per=per)
        fits[fit.key] = fit
    referred = {fit.item.pk for fit in fits.values()}
    return [*fits.values(), *(Fit(item=item) for item in items if item.pk not in referred)]


def _factors(references):
    if not any(reference.unit_of_measure_id for reference in references):
        return {}
    units = ItemUnit.objects.filter(item__in={reference.item_id for reference in references})
    return {(item, unit): per for item, unit, per in units.values_list("item", "unit_of_measure", "quantity_per")}


def _bin_elsewhere(session, scan, *, by):
    bins = Bin.objects.visible_to(by).exclude(location=session.location_id).real().select_related("location")
    bin = bins.filter(code__in=[scan.text, scan.text.upper()]).first()
    return Meaning(kind=Kind.OTHER_LOCATION if bin else Kind.UNKNOWN, code=scan.text, bin=bin)


# A unit


def _units(scan):
    units = units_called(scan.text, scan).select_related("item__base_unit", "variant", "quant")
    return list(units[: ASKED_AT_ONCE + 1])


def _unit(session, scan, units, *, bin, by, meant):
    """The one of the item that is meant, else the one that lies in this bin, where that is no secret."""
    here = [unit for unit in units if unit.quant and unit.quant.bin_id == bin.pk]
    if len(here) == 1 and sees_quantities(by, session):
        units = here
    fits = {fit.key: fit for fit in (Fit(item=unit.item, variant=unit.variant) for unit in units)}
    chosen = meant.partition("/")[0]
    fits = {chosen: fits[chosen]} if chosen in fits else fits
    kind = Kind.UNIT if len(fits) == 1 else Kind.WHICH
    meaning = Meaning(kind=kind, code=scan.text, bin=bin, fits=list(fits.values())[:ASKED_AT_ONCE])
    return replace(meaning, units=[unit for unit in units if unit.item in {fit.item for fit in fits.values()}])


# An item, in this bin


def _item_here(session, scan, fit, *, bin, meant):
    meaning = Meaning(
        kind=Kind.LINE,
        code=scan.text,
        bin=bin,
        fits=[fit],
        quantity=_quantity(scan, fit),
        lot=scan.lot or "",
        expiry=scan.expiry,
    )
    if fit.item.is_serialized and scan.serial:
        units = [unit for unit in _units(scan) if unit.item_id == fit.item.pk]
        return replace(meaning, kind=Kind.UNIT, units=units)
    lines = lines_in(session, bin).filter(quant__item=fit.item).for_counting()
    if fit.variant:
        lines = lines.filter(quant__variant=fit.variant)
    if fit.item.is_serialized:
        return replace(meaning, kind=Kind.SERIALIZED, lines=list(lines[:ASKED_AT_ONCE]))
    lines = list(lines.order_by("quant__lot__expiration_date", "pk")[: ASKED_AT_ONCE + 1])
    if fit.item.tracking == "lot" and scan.lot:
        return _lot_of(session, scan, meaning, lines)
    lines = _meant_line(lines, meant)
    if not lines:
        return _elsewhere(session, meaning)
    return replace(meaning, kind=Kind.LINE if len(lines) == 1 else Kind.WHICH, lines=lines)


def _lot_of(session, scan, meaning, lines):
    """The line of the lot on the label. A lost separator leaves several readings: lots that we know decide."""
    readings = [reading for reading in (scan, *scan.alternatives) if reading.lot]
    for reading in readings:
        here = [line for line in lines if line.quant.lot and line.quant.lot.number.casefold() == reading.lot.casefold()]
        if here:
            return replace(meaning, lines=here[:1], lot=reading.lot, expiry=reading.expiry)
    known = {lot.number: lot for lot in meaning.item.lots.filter(number__in={reading.lot for reading in readings})}
    reading = next((reading for reading in readings if reading.lot in known), readings[0])
    lot = known.get(reading.lot)
    return _elsewhere(session, replace(meaning, lot=reading.lot, expiry=reading.expiry, known_lot=lot))


def _lot_here(session, scan, *, bin, meant):
    """A label that names a lot and nothing else: the lines of this bin know which item it is of."""
    lots = {reading.lot for reading in (scan, *scan.alternatives) if reading.lot} | {scan.text}
    lines = lines_in(session, bin).filter(quant__lot__number__in=lots).for_counting()
    lines = _meant_line(list(lines[:ASKED_AT_ONCE]), meant.partition("/")[2])
    if not lines:
        return None
    return Meaning(
        kind=Kind.LINE if len(lines) == 1 else Kind.WHICH,
        code=scan.text,
        bin=bin,
        fits=[Fit(item=lines[0].quant.item)],
        lines=lines,
        lot=lines[0].quant.lot.number,
        expiry=scan.expiry,
    )


def _meant_line(lines, meant):
    return [line for line in lines if meant == f"line-{line.pk}"] or lines


def _elsewhere(session, meaning):
    """Where the book has it at this location, this bin first."""
    return replace(meaning, kind=Kind.ELSEWHERE, lines=[], places=_places(meaning, _quants(session).in_stock()))


def wherever_it_was(session: CountSession, meaning: Meaning) -> Meaning:
    """With the places that held it at any time: in a blind count nobody is told which of them hold some of it now."""
    return replace(meaning, places=_places(meaning, _quants(session)))


def _quants(session):
    return Quant.objects.filter(location=session.location_id).real()


def _places(meaning, quants):
    quants = quants.filter(item=meaning.item)
    if meaning.fit.variant:
        quants = quants.filter(variant=meaning.fit.variant)
    if meaning.known_lot:
        quants = quants.filter(lot=meaning.known_lot)
    quants = list(quants.select_related("bin", "lot").in_walking_order()[:50])
    quants.sort(key=lambda quant: quant.bin_id != meaning.bin.pk)
    return quants


def _quantity(scan: Scan, fit: Fit) -> Decimal:
    """What the label says, else one; in base units of the item."""
    quantity = ONE if scan.quantity is None else scan.quantity
    quantity *= _weight(scan, fit) if scan.unit_of_measure else fit.per
    if quantity >= MORE_THAN_A_COUNT_HOLDS:
        raise ScanTooMuch()
    return quantity.quantize(QUANTUM, ROUND_HALF_UP)


def _weight(scan, fit):
    """How many base units one kilogram or pound is, if the item is counted by weight at all."""
    unit = scan.unit_of_measure
    if fit.item.base_unit.code.casefold() == unit:
        return ONE
    for known in fit.item.units.select_related("unit_of_measure"):
        if known.unit_of_measure.code.casefold() == unit:
            return known.quantity_per
    raise UnitNotKnown(quantity=quantity(scan.quantity), unit=unit, item=fit.item.name)
