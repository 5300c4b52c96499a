"""Labels of bins, items, lots and units: what stands on them, and the paper that they are printed on.

What a label's bar code says is what a scan of it finds again: the bin, the item, the lot, the unit. What cannot be
drawn as asked is left out and named, so that the rest can be printed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory_site.errors import DomainError
from inventory_site.templatetags.truecount import day, quantity
from warehouse.barcodes import gtin_14
from warehouse.models import Bin, Item, Lot, Unit, UnitKind
from warehouse.symbols import Symbol, Symbology, draw, gs1

NARROWEST = 0.19  # millimetres a module: 1.5 dots of a label printer, and what common scanners still read


class NoGtin(DomainError):
    code, text = "no_gtin", gettext_lazy("%(what)s has no GTIN among its bar codes.")


class TooWide(DomainError):
    code, text = "label_too_narrow", gettext_lazy("The bar code of %(what)s is wider than the label.")


@dataclass(frozen=True)
class Paper:
    """Labels of `width` x `height` millimetres in a grid; static/paper.css draws each by its `key`."""

    key: str
    columns: int
    rows: int
    width: float
    height: float

    @property
    def size(self):
        return self.columns * self.rows

    @property
    def is_roll(self):
        return self.size == 1

    @property
    def room(self):
        """What is left for bars between the margins of a label."""
        return self.width - 6

    @property
    def name(self):
        measures = {"width": quantity(self.width), "height": quantity(self.height)}
        if self.is_roll:
            return _("Roll, %(width)s × %(height)s mm") % measures
        grid = {"columns": self.columns, "rows": self.rows, **measures}
        return _("A4, %(columns)s × %(rows)s labels of %(width)s × %(height)s mm") % grid


PAPERS = {
    paper.key: paper
    for paper in (
        Paper("3x8", 3, 8, 70, 37),
        Paper("3x7", 3, 7, 63.5, 38.1),
        Paper("2x7", 2, 7, 99.1, 38.1),
        Paper("2x4", 2, 4, 99.1, 67.7),
        Paper("roll-100x50", 1, 1, 100, 50),
        Paper("roll-62x29", 1, 1, 62, 29),
    )
}


@dataclass(frozen=True)
class Label:
    title: str
    lines: tuple[str, ...]
    symbol: Symbol
    is_bin: bool = False


@dataclass
class Printed:
    """The labels that can be printed, and the sentences about those that cannot."""

    labels: list[Label] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def sheets(self, paper: Paper, *, start: int = 1) -> list[list[Label | None]]:
        """Sheet by sheet; the first one begins at its label number `start`, what is before it is used up."""
        cells = [None] * (start - 1) + self.labels
        return [cells[at : at + paper.size] for at in range(0, len(cells), paper.size)] if self.labels else []


def print_labels(things: Iterable, labels_of: Callable[..., list[Label]], *, paper: Paper, copies: int = 1) -> Printed:
    """`labels_of(thing)` is one of the functions below; what it raises is said of the thing."""
    printed = Printed()
    for thing in things:
        try:
            labels = labels_of(thing)
            refuse_too_wide(labels, paper)
        except DomainError as error:
            printed.left_out.append(str(error))
        else:
            printed.labels += [label for label in labels for _copy in range(copies)]
    return printed


def refuse_too_wide(labels: list[Label], paper: Paper) -> None:
    for label in labels:
        if not label.symbol.is_square and label.symbol.width * NARROWEST > paper.room:
            raise TooWide(what=label.title)


def labels_of_bin(bin: Bin, *, symbology: str) -> list[Label]:
    zone = _("Zone %s") % bin.zone if bin.zone else ""
    return [Label(bin.code, _said(bin.name, zone, bin.location), draw(symbology, bin.code), is_bin=True)]


def labels_of_item(item: Item, *, symbology: str, codes: str = "number") -> list[Label]:
    """By its number or, with `codes` "each", one for each of its bar codes. GS1-128 says a GTIN, not a number."""
    references = sorted(item.references.all(), key=_plain_first)
    if symbology == Symbology.GS1_128:
        references = [reference for reference in references if gtin_14(reference.code)]
        if not references:
            raise NoGtin(what=item)
        chosen = references if codes == "each" else references[:1]
        symbols = [(draw(symbology, elements=gs1(gtin_14(one.code))), one) for one in chosen]
    elif references and codes == "each":
        symbols = [(draw(symbology, reference.code), reference) for reference in references]
    else:
        symbols = [(draw(symbology, item.number), None)]
    return [Label(item.number, _said(item.name, _packed(item, reference)), symbol) for symbol, reference in symbols]


def labels_of_lot(lot: Lot, *, symbology: str) -> list[Label]:
    """GS1 says item, lot and expiration date; a QR code of an item without GTIN says the lot's number alone."""
    gtin = gtin_of(lot.item)
    if symbology == Symbology.CODE_128 or (symbology == Symbology.QR and not gtin):
        symbol = draw(symbology, lot.number)
    elif not gtin:
        raise NoGtin(what=lot.item)
    else:
        symbol = draw(symbology, elements=gs1(gtin, lot=lot.number, expiry=lot.expiration_date))
    expires = _("Expires %s") % day(lot.expiration_date) if lot.expiration_date else ""
    return [Label(lot.number, _said(lot.item.name, lot.item.number, expires), symbol)]


def labels_of_unit(unit: Unit, *, symbology: str) -> list[Label]:
    """A serial number by itself, or with its item as GS1 says it; a tag as a QR code of what stands on the chip."""
    gtin = gtin_of(unit.item)
    if unit.kind == UnitKind.EPC:
        symbol = draw(Symbology.QR, unit.code)
    elif symbology == Symbology.CODE_128 or (symbology == Symbology.QR and not gtin):
        symbol = draw(symbology, unit.code)
    elif not gtin:
        raise NoGtin(what=unit.item)
    else:
        symbol = draw(symbology, elements=gs1(gtin, serial=unit.serial_number))
    title = unit.serial_number or unit.code
    return [Label(title, _said(unit.item.name, unit.item.number, unit.manufacturer_number), symbol)]


def gtin_of(item: Item) -> str | None:
    """The GTIN of one base unit, if it has one. Reads `item.references`, which the caller prefetches."""
    plain = [one for one in item.references.all() if not one.unit_of_measure_id and not one.variant_id]
    return next((gtin for one in plain if (gtin := gtin_14(one.code))), None)


def _plain_first(reference):
    """One base unit and no variant before boxes and variants."""
    return bool(reference.unit_of_measure_id), bool(reference.variant_id), reference.code


def _packed(item, reference):
    """Which variant, and which unit of measure: "Brass, box of 12 each"."""
    if reference is None:
        return ""
    unit = next((one for one in item.units.all() if one.unit_of_measure_id == reference.unit_of_measure_id), None)
    numbers = unit and {"unit": unit.unit_of_measure, "n": quantity(unit.quantity_per), "base": item.base_unit}
    return ", ".join(_said(reference.variant, unit and _("%(unit)s of %(n)s %(base)s") % numbers))


def _said(*texts):
    return tuple(str(text) for text in texts if text)
