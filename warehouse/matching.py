"""Compare what files of master data say with what is known: what will be made, what is there already, what is wrong.

Nothing is written here. What is there already is left as it is.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from warehouse.dialects import is_root, places_meant, without_company
from warehouse.imports import BinRow, ItemRow, LocationRow, Records, Skipped
from warehouse.models import Bin, Category, Item, Location, UnitOfMeasure, User, Zone
from warehouse.models.places import IMPLICIT_CODE
from warehouse.spreadsheets import RowError

SENTENCES = {
    "duplicate_location": _("%(what)s stands in row %(first)s of %(file)s already."),
    "duplicate_bin": _("%(what)s stands in row %(first)s of %(file)s already: a number names one bin of a location."),
    "duplicate_item": _("%(what)s stands in row %(first)s of %(file)s already."),
    "two_locations": _("%(what)s names %(locations)s. Use the code."),
    "not_your_location": _("You are not assigned to %(what)s. Ask an administrator."),
    "two_bins": _("%(what)s names %(count)s bins, %(bins)s: use the number."),
    "unknown_bin": _("%(location)s has no bin %(what)s. Import the bins first, or together with the stock."),
    "adjustment_bin": _("%(what)s is the adjustment bin: no goods lie there."),
    "unknown_location": _("There is no location %(what)s. Import the locations first, or choose to create it."),
}

# The field that an error is about; planning puts the name of its column in the file there instead.
FIELDS = {
    "duplicate_location": "code",
    "duplicate_bin": "code",
    "duplicate_item": "number",
    "two_locations": "location",
    "not_your_location": "location",
    "unknown_location": "location",
    "two_bins": "bin",
    "unknown_bin": "bin",
    "adjustment_bin": "bin",
}


def row_error(record, code: str, **params) -> RowError:
    return RowError(record.file, record.row, FIELDS[code], code, str(SENTENCES[code] % params))


class Refused(Exception):
    """One reference cannot be followed; whoever looks it up turns this into the error of a row."""

    def __init__(self, code: str, **params):
        self.code, self.params = code, params


@dataclass(slots=True)
class Place:
    """A location, known (`pk`) or to be made, with its bins: {code: is it an adjustment bin}."""

    code: str
    name: str
    pk: int | None = None
    allowed: bool = True
    bins: dict[str, bool] | None = None
    codes_by_folded: dict[str, str] = field(default_factory=dict)
    codes_by_name: dict[str, list[str]] = field(default_factory=dict)

    def add_bin(self, code: str, name: str, *, virtual: bool = False) -> None:
        self.bins[code] = virtual
        self.codes_by_folded.setdefault(code.casefold(), code)
        if name:
            self.codes_by_name.setdefault(name.casefold(), []).append(code)

    def has_bin(self, code: str) -> bool:
        self.load_bins()
        return code in self.bins

    def bin_named(self, text: str) -> str:
        """The code of the bin that a number or a name means; blank is the implicit bin. Raises Refused."""
        self.load_bins()
        if not text:
            return IMPLICIT_CODE
        named = self.codes_by_name.get(text.casefold(), [])
        code = text if text in self.bins else self.codes_by_folded.get(text.casefold())
        if code is None and len(named) > 1:
            raise Refused("two_bins", what=text, count=len(named), bins=", ".join(sorted(named)))
        code = code or (named[0] if named else None)
        if code is None:
            raise Refused("unknown_bin", what=text, location=self.name)
        if self.bins[code]:
            raise Refused("adjustment_bin", what=text)
        return code

    def bin_meant(self, text: str) -> str:
        """As `bin_named`, also where another system wrote it; the name of the location is stock without a bin."""
        refused = None
        for candidate in filter(None, places_meant(text)) if text else [text]:
            try:
                return self.bin_named(candidate)
            except Refused as error:
                refused = refused or error
                if self.is_called(candidate):
                    return IMPLICIT_CODE
        if is_root(text):
            return IMPLICIT_CODE
        raise refused

    def is_called(self, text: str) -> bool:
        names = {self.code.casefold(), self.name.casefold()}
        return text.casefold() in names or without_company(text).casefold() in names

    def load_bins(self) -> None:
        if self.bins is None:
            self.bins = {}
            self.add_bin(IMPLICIT_CODE, "")
            for code, name, virtual in Bin.objects.filter(location=self.pk).values_list("code", "name", "virtual"):
                self.add_bin(code, name, virtual=virtual)


class Places:
    """All locations, as they will be once the files are imported."""

    def __init__(self, by: User | None):
        allowed = set(Location.objects.visible_to(by).values_list("pk", flat=True)) if by else None
        self.by_code: dict[str, Place] = {}
        self.by_name: dict[str, list[Place]] = {}
        for pk, code, name in Location.objects.values_list("pk", "code", "name"):
            self.add(Place(code, name, pk, allowed is None or pk in allowed))

    def all(self) -> Iterable[Place]:
        return self.by_code.values()

    def add(self, place: Place) -> None:
        self.by_code[place.code.casefold()] = place
        self.by_name.setdefault(place.name.casefold(), []).append(place)

    def find(self, text: str) -> Place | None:
        """The location with this code, else with this name; None where nobody knows it. Raises Refused."""
        named = self.by_name.get(text.casefold(), [])
        place = self.by_code.get(text.casefold()) or (named[0] if named else None)
        if place is None and without_company(text) != text:
            return self.find(without_company(text))
        if place and place.code.casefold() != text.casefold() and len(named) > 1:
            raise Refused("two_locations", what=text, locations=", ".join(sorted(other.code for other in named)))
        if place and not place.allowed:
            raise Refused("not_your_location", what=text)
        return place

    def code_of(self, text: str) -> str:
        """The code of a location that this person may use, else blank."""
        try:
            place = self.find(text)
        except Refused:
            return ""
        return place.code if place else ""

    def free_code(self, name: str) -> str:
        """A code made from a name: "Main Warehouse" is MAIN-WAREHOUSE."""
        stem = re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")[:20].strip("-") or "LOCATION"
        code, number = stem, 2
        while code.casefold() in self.by_code:
            code, number = f"{stem[:17]}-{number}", number + 1
        return code


@dataclass
class MasterData:
    """What will be made, by key, in the order of the files."""

    places: Places
    locations: dict[str, LocationRow] = field(default_factory=dict)
    zones: dict[tuple[str, str], BinRow] = field(default_factory=dict)
    bins: dict[tuple[str, str], BinRow] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    items: dict[str, ItemRow] = field(default_factory=dict)
    existing: Counter = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    unknown_parents: Counter = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)

    @property
    def created(self) -> dict[str, int]:
        packs = [row.pack for row in self.items.values() if row.pack]
        codes = sum(len(row.codes) for row in self.items.values()) + sum(1 for pack in packs if pack[2])
        return {
            "locations": len(self.locations),
            "zones": len(self.zones),
            "bins": len(self.bins),
            "units of measure": len(self.units),
            "categories": len(self.categories),
            "items": len(self.items),
            "bar codes": codes,
        }


def match(records: Records, *, create_locations: Collection[str], by: User | None) -> MasterData:
    """`create_locations`: names of parents and locations that nobody knows and somebody chose to make."""
    master = MasterData(places=Places(by), skipped=list(records.skipped))
    match_locations(master, records.locations)
    for name in create_locations:
        create_location(master, name)
    match_bins(master, records.bins)
    match_items(master, records.items)
    return master


def match_locations(master: MasterData, rows: Iterable[LocationRow]) -> None:
    first = {}
    for row in rows:
        key = (row.code or row.name).casefold()
        if key in first:
            master.errors.append(twice("duplicate_location", row, first[key], what=row.code or row.name))
            continue
        first[key] = row
        if is_known(master.places, row):
            master.existing["locations"] += 1
            continue
        code = row.code or master.places.free_code(row.name)
        master.places.add(Place(code, row.name))
        master.locations[code] = row


def is_known(places: Places, row: LocationRow) -> bool:
    """By its code or by its name, whoever may see it: a second location of the same name helps nobody."""
    known = {place.pk for place in places.by_name.get(row.name.casefold(), [])}
    by_code = places.by_code.get(row.code.casefold())
    return bool(known - {None}) or (by_code is not None and by_code.pk is not None)


def create_location(master: MasterData, name: str) -> None:
    if name.casefold() in master.places.by_name or name.casefold() in master.places.by_code:
        return
    code = master.places.free_code(name)
    master.places.add(Place(code, name))
    master.locations[code] = LocationRow("", 0, code, name)


def match_bins(master: MasterData, rows: Iterable[BinRow]) -> None:
    zones = {(location, code.casefold()) for location, code in Zone.objects.values_list("location__code", "code")}
    first = {}
    for row in rows:
        try:
            place = master.places.find(row.location)
        except Refused as refused:
            master.errors.append(row_error(row, refused.code, **refused.params))
            continue
        if place is None:
            master.unknown_parents[row.location] += 1
            why = _("lies at %(location)s, which nobody knows") % {"location": row.location}
            master.skipped.append(Skipped(row.file, row.row, row.code or row.zone, str(why)))
            continue
        match_zone(master, place, row, zones)
        if row.code:
            match_bin(master, place, row, first)


def match_zone(master: MasterData, place: Place, row: BinRow, known: set[tuple[str, str]]) -> None:
    if row.zone and (place.code, row.zone.casefold()) not in known:
        master.zones.setdefault((place.code, row.zone.casefold()), row)


def match_bin(master: MasterData, place: Place, row: BinRow, first: dict) -> None:
    key = (place.code, row.code.casefold())
    if key in first:
        master.errors.append(twice("duplicate_bin", row, first[key], what=row.code))
        return
    first[key] = row
    if place.has_bin(row.code):
        master.existing["bins"] += 1
        return
    place.add_bin(row.code, row.name)
    master.bins[place.code, row.code] = row


def match_items(master: MasterData, rows: Collection[ItemRow]) -> None:
    numbers = [row.number for row in rows]
    known = set(Item.objects.filter(number__in=numbers).values_list("number", flat=True))
    units = {spelling.casefold() for unit in UnitOfMeasure.objects.all() for spelling in (unit.code, unit.name)}
    categories = {name.casefold() for name in Category.objects.values_list("name", flat=True)}
    first = {}
    for row in rows:
        if row.number in first:
            master.errors.append(twice("duplicate_item", row, first[row.number], what=row.number))
            continue
        first[row.number] = row
        if row.number in known:
            master.existing["items"] += 1
            continue
        master.items[row.number] = row
        for unit in (row.base_unit, row.pack[0] if row.pack else ""):
            if unit and unit.casefold() not in units:
                master.units.setdefault(unit.casefold(), unit)
        if row.category and row.category.casefold() not in categories:
            master.categories.setdefault(row.category.casefold(), row.category)


def twice(code: str, row, first, *, what: str) -> RowError:
    return row_error(row, code, what=what, first=first.row, file=first.file)
