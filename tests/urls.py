"""Every address of ours: how a test comes to each of them, and one of everything that an address can name.

Who adds an address adds its arguments here; tests that go everywhere (access, blind counts, axe) find it then.
"""

from dataclasses import dataclass, replace
from operator import attrgetter
from uuid import uuid4

from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from counting.importing import hand_in_counts
from counting.models import CountImport, CountLine, CountSession, PutAside, SearchTask
from counting.review import cancel, mark_counted
from counting.setting_aside import put_aside
from counting.sighting import scan_units
from ledger.importing import hand_in
from ledger.journals import add_lines, open_batch
from ledger.models import JournalBatch, JournalKind, Register, StandardJournal, StockImport
from ledger.standard_journals import save_standard
from tests.counting.given import complete, count, given_search, given_session
from tests.factories import (
    BinFactory,
    CategoryFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    SerialItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    ZoneFactory,
    given_stock,
    given_units,
)
from warehouse.models import Bin, Item, ItemReference, ItemUnit, Quant, Unit
from warehouse.spreadsheets import SourceFile

# The arguments of each address, as attributes of Things.
ARGUMENTS = {
    "login": [],
    "logout": [],
    "password_change": [],
    "theme": [],
    "home": [],
    "counts": [],
    "count-new": [],
    "count-detail": ["session.number"],
    "count-activity": ["session.number"],
    "count-mark": ["session.number"],
    "count-reopen": ["session.number"],
    "count-refresh": ["session.number"],
    "count-clear-counts": ["session.number"],
    "count-cancel": ["session.number"],
    "count-export": ["session.number"],
    "count-sheet": ["session.number"],
    "count-import": ["session.number"],
    "count-import-detail": ["count_import.session.number", "count_import.pk"],
    "count-import-apply": ["count_import.session.number", "count_import.pk"],
    "count-import-problems": ["count_import.session.number", "count_import.pk"],
    "count-report": ["session.number"],
    "count-review": ["session.number"],
    "put-aside-settle": ["session.number", "aside.pk"],
    "count-reverse": ["session.number"],
    "count-misplaced": ["session.number"],
    "count-units": ["session.number"],
    "count-complete": ["session.number"],
    "count-journal": ["session.number"],
    "count-journal-line": ["session.number", "line.pk"],
    "count-entry": ["session.number"],
    "count-bins": ["session.number"],
    "count-lines": ["session.number"],
    "count-line": ["session.number", "line.pk"],
    "count-set": ["session.number", "line.pk"],
    "count-step": ["session.number", "line.pk"],
    "count-clear": ["session.number", "line.pk"],
    "count-line-units": ["session.number", "unit_line.pk"],
    "count-take-back": ["session.number", "unit_line.pk"],
    "count-all-present": ["session.number", "unit_line.pk"],
    "count-none-here": ["session.number", "unit_line.pk"],
    "count-units-quantity": ["session.number", "unit_line.pk"],
    "count-burst": ["session.number"],
    "count-burst-undo": ["session.number"],
    "count-scan": ["session.number"],
    "count-undo": ["session.number"],
    "count-found": ["session.number"],
    "count-put-aside": ["session.number"],
    "count-empty": ["session.number"],
    "count-as-expected": ["session.number"],
    "count-finish": ["session.number"],
    "searches": [],
    "search-detail": ["search.pk"],
    "search-found": ["search.pk"],
    "search-assign": ["search.pk"],
    "search-write-off": ["search.pk"],
    "item-ledger": [],
    "warehouse-ledger": [],
    "adjustment-bins": [],
    "synchronise": ["bin.location.code"],
    "direct-location": ["bin.location.code"],
    "documents": [],
    "document-detail": ["register.number"],
    "document-reverse": ["register.number"],
    "journals": [],
    "journal-new": [],
    "journal": ["journal.pk"],
    "journal-scan": ["journal.pk"],
    "journal-add": ["journal.pk"],
    "journal-bins": ["reclassification.pk"],
    "journal-delete-lines": ["journal.pk"],
    "journal-head": ["journal.pk"],
    "journal-delete": ["journal.pk"],
    "journal-post": ["journal.pk"],
    "journal-standard": ["journal.pk"],
    "standard-journals": [],
    "standard-journal": ["standard_journal.pk"],
    "standard-journal-delete": ["standard_journal.pk"],
    "item-adjust": ["item.number"],
    "import-stock": [],
    "import-sample": ["sample"],
    "import-detail": ["stock_import.pk"],
    "import-apply": ["stock_import.pk"],
    "import-problems": ["stock_import.pk"],
    "receive": [],
    "issue": [],
    "move": [],
    "transfer": [],
    "adjust": ["quant.pk"],
    "stock": [],
    "items": [],
    "suggest-items": [],
    "item-detail": ["item.number"],
    "units": [],
    "unit-detail": ["unit.code"],
    "bins": [],
    "suggest-bins": [],
    "bin-detail": ["bin.location.code", "bin.code"],
    "locations": [],
    "location-detail": ["bin.location.code"],
    "bin-labels": [],
    "item-labels": [],
    "lot-labels": [],
    "unit-labels": [],
    "search": [],
    "profile": [],
    "offline": [],
    "worker": [],
}
# What stands behind the question mark, where an address means nothing without.
QUERIES = {"count-lines": {"bin": "line.quant.bin.code"}}


def names(resolver=None):
    """Every name in the URL configuration, those of the admin site and the like aside."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if not pattern.namespace:
                yield from names(pattern)
        else:
            yield pattern.name


def address(name, things):
    assert name in ARGUMENTS, f"The address “{name}” is not in tests/urls.py: say there what its arguments are."
    query = {key: attrgetter(value)(things) for key, value in QUERIES.get(name, {}).items()}
    return reverse(name, args=[attrgetter(argument)(things) for argument in ARGUMENTS[name]], query=query)


@dataclass(frozen=True)
class Things:
    session: CountSession
    line: CountLine
    unit_line: CountLine
    aside: PutAside
    quant: Quant
    item: Item
    bin: Bin
    register: Register
    stock_import: StockImport
    count_import: CountImport
    unit: Unit
    search: SearchTask
    journal: JournalBatch
    reclassification: JournalBatch
    standard_journal: StandardJournal
    sample: str = "stock.csv"

    def in_stage(self, status):
        """The same with a session that has come so far, and a line of it."""
        session = CountSession.objects.get(location=self.session.location, status=status)
        line, unit_line = session.lines.order_by("pk").first(), session.lines.get(serialized=True)
        return replace(self, session=session, line=line, unit_line=unit_line)


def given_things(by=None, location=None):
    """A warehouse with one of everything, a session in every stage, and somebody (`by`) who did all of it there."""
    location = location or LocationFactory(code="LH1", name="Lindhafen")
    by = by or UserFactory(locations=[location])
    zone = ZoneFactory(location=location, code="A", name="Fasteners")
    padlock = ItemFactory(number="HW-1001", name="Padlock 40 mm, brass", category=CategoryFactory(name="Locks"))
    box = UnitOfMeasureFactory(code="box", name="box")
    ItemUnit.objects.create(item=padlock, unit_of_measure=box, quantity_per=12)
    ItemReference.objects.create(item=padlock, code="4006381333931")
    lot = LotFactory(item=LotItemFactory(number="CH-2001", name="Epoxy resin, 1 kg"), number="E25-347")

    bins = [BinFactory(location=location, zone=zone, code=f"A-01-0{n}") for n in range(1, 6)]
    drill = SerialItemFactory(number="PT-3001", name="Cordless drill")
    for bin in bins:
        given_stock(54, bin=bin, item=padlock)
        given_stock(8, bin=bin, lot=lot)
        given_units(bin, drill, [f"SN-{bin.code}-{n}" for n in range(3)])
    LocationFactory(code="LH2", name="Lindhafen South")
    draft, counted, completed, cancelled = (given_session(location, by=by, bins=[bin]) for bin in bins[:4])
    aside = put_aside(draft, "8711253001202", bin=bins[0], by=by, at=timezone.now(), client_id=uuid4())
    for session in (draft, counted, completed):
        count(session.lines.order_by("pk").first(), 51, by=by)
    for line in completed.lines.filter(counted_quantity=None, serialized=False):
        count(line, 8, by=by)
    for session in (draft, counted, completed):
        codes = [f"SN-{session.lines.first().quant.bin.code}-0", "SN-unknown"]
        scan_units(session, codes, bin=session.lines.first().quant.bin, by=by, client_id=uuid4())
    mark_counted(counted, by=by, at=timezone.now())
    complete(completed)
    cancel(cancelled, by=by, at=timezone.now())
    counts = SourceFile("counts.csv", b"bin,item,counted\nA-01-01,HW-1001,52\nA-99,HW-1001,1\n")
    faulty = SourceFile("lindhafen.csv", b"bin,item,quantity\nA-99,HW-1001,x\n")
    quant = Quant.objects.get(bin=bins[4], item=padlock)
    journal = open_batch(JournalKind.ITEM, name="Breakage", location=location, by=by, posting_date=timezone.localdate())
    broken = {"item": "HW-1001", "bin": "A-01-05", "quantity": 2, "entry_type": "negative"}
    add_lines(journal, [broken, {"item": "CH-2001", "bin": "A-01-05", "quantity": 1}, {"item": "unknown"}])
    moving = {"name": "Back to the racks", "location": location, "by": by, "posting_date": timezone.localdate()}
    reclassification = open_batch(JournalKind.RECLASSIFICATION, **moving)
    standard = save_standard(journal, code="BREAKAGE", name="Breakage", with_quantities=True, with_costs=False)
    unit, lost = given_units(bins[4], drill, ["SN-0071", "SN-0072"])
    search = given_search(lost, session=completed)
    return Things(
        session=draft,
        line=draft.lines.order_by("pk").first(),
        unit_line=draft.lines.get(serialized=True),
        aside=aside,
        quant=quant,
        item=padlock,
        bin=bins[4],
        unit=unit,
        search=search,
        journal=journal,
        reclassification=reclassification,
        standard_journal=standard,
        register=Register.objects.order_by("pk").last(),
        count_import=hand_in_counts(draft, counts, by=by, at=timezone.now()),
        stock_import=hand_in([faulty], by=by, at=timezone.now()),
    )
