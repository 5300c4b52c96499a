"""A warehouse to send nonsense to, and what a case of bad input is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from html import escape
from uuid import uuid4

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from counting.people import apply_groups
from tests.counting.given import count, given_session
from tests.counting.test_count_page import Count
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    RfidItemFactory,
    SerialItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    given_stock,
    given_units,
)
from warehouse.models import ItemReference, ItemUnit, Quant, User

FNC1 = "\x1d"
PADLOCK, EPOXY = "4006381333931", "04012345678901"
TAG = "3034257BF7194E4000001A85"
COUNTED = {"counting.CountEntry", "counting.CountLine"}
SCANNED = {"counting.UnitScan", "counting.Sighting", "counting.CountLine"}
PARKED = {"counting.UnitScan", "counting.PutAside"}


class Warehouse(Count):
    """Ama has counted 51 padlocks in the first bin; epoxy lies there too, hinges in the next. Lena supervises.

    Both work at Lindhafen and in its South; a third location is none of theirs.
    """

    def __init__(self):
        apply_groups()
        self.location, self.south, self.foreign = (
            LocationFactory(code=code, name=name)
            for code, name in (("LH1", "Lindhafen"), ("LH2", "Lindhafen South"), ("LH3", "Elsewhere"))
        )
        self.bin, self.next = (BinFactory(location=self.location, code=code) for code in ("A-01-01", "A-01-02"))
        self.bin_in_the_south = BinFactory(location=self.south, code="S-01")
        self.foreign_bin = BinFactory(location=self.foreign, code="F-01")
        self.padlock = ItemFactory(number="HW-1", name="Padlock")
        self.box = UnitOfMeasureFactory(code="box", name="box")
        ItemUnit.objects.create(item=self.padlock, unit_of_measure=self.box, quantity_per=12)
        ItemReference.objects.create(item=self.padlock, code=PADLOCK)
        self.epoxy = LotItemFactory(number="CH-1", name="Epoxy")
        ItemReference.objects.create(item=self.epoxy, code=EPOXY.lstrip("0"))
        fresh = LotFactory(item=self.epoxy, number="E25-347", expiration_date=date(2099, 11, 30))
        expired = LotFactory(item=self.epoxy, number="E19-001", expiration_date=date(2020, 1, 31))
        LotFactory(item=LotItemFactory(number="CH-2", name="Hardener"), number="H-77")
        self.padlocks = given_stock(54, bin=self.bin, item=self.padlock)
        self.fresh_epoxy = given_stock(8, bin=self.bin, lot=fresh)
        given_stock(3, bin=self.bin, lot=expired)
        self.hinges = given_stock(240, bin=self.next, item=ItemFactory(number="HW-2", name="Hinge"))
        self.drill = SerialItemFactory(number="TL-1", name="Drill")
        self.tablet = RfidItemFactory(number="TL-2", name="Tablet")
        given_units(self.bin, self.drill, ["D-1", "D-2"])
        given_units(self.next, self.tablet, [TAG])
        self.drills = Quant.objects.get(item=self.drill)
        self.seen_entry = self.padlocks.last_entry
        self.session = given_session(self.location)
        self.session_elsewhere = given_session(given_stock(5, bin=self.foreign_bin).location)
        self.ama, self.lena, self.paul = self.employs("Counter"), self.employs("Supervisor"), self.employs("Planner")
        count(self.line(), 51, by=self.ama.person)

    def line(self, quant=None):
        return self.session.lines.select_related("quant", "session").get(quant=quant or self.padlocks)

    def employs(self, group):
        client = Client()
        client.person = UserFactory(locations=[self.location, self.south])
        client.person.groups.add(Group.objects.get(name=group))
        client.force_login(client.person)
        return client

    def finds(self, **said):
        """Ama counts a hinge where nobody expected one."""
        return self.post("count-found", **{"code": "HW-2", "item": self.hinges.item_id, "quantity": "1"} | said)

    def reads(self, codes, *, on_line=True, **said):
        """Ama reads codes of drills, on their line or anywhere on the page."""
        line = {"line": self.line(self.drills).pk} if on_line else {}
        return self.post("count-burst", codes=codes, **line, **said)

    def receives(self, *, lines=1, **typed):
        """A receipt of one line, as Lena types it."""
        line = {"item": "HW-1", "bin": "A-01-01", "quantity": "5"}
        head = {"request_id": uuid4(), "location": "LH1", "posting_date": timezone.localdate().isoformat(), "note": ""}
        line |= {name: value for name, value in typed.items() if name not in head}
        head |= {"lines-TOTAL_FORMS": lines, "lines-INITIAL_FORMS": 0}
        head |= {name: value for name, value in typed.items() if name in head}
        return self.lena.post(reverse("receive"), head | {f"lines-0-{name}": line[name] for name in line})

    def adjusts(self, **typed):
        usual = {"request_id": uuid4(), "seen_entry": self.seen_entry, "quantity": "50", "note": "Recounted"}
        return self.lena.post(reverse("adjust", args=[self.padlocks.pk]), usual | typed)

    def hands_in(self, *files):
        uploads = [SimpleUploadedFile(name, content) for name, content in files]
        return self.lena.post(reverse("import-stock"), {"files": uploads}, follow=True)

    def hands_in_counts(self, content, *, name="counts.csv"):
        file = SimpleUploadedFile(name, content)
        return self.ama.post(reverse("count-import", args=[self.session.number]), {"file": file}, follow=True)

    def decides(self, verb, **typed):
        line = self.line().pk
        fields = {f"{line}-{name}": value for name, value in typed.items()}
        return self.lena.post(reverse("count-review", args=[self.session.number]), {"do": f"{verb}:{line}", **fields})

    def steps(self, name, **typed):
        """Lena presses a button of the session: count-mark, count-cancel, count-complete."""
        return self.lena.post(reverse(name, args=[self.session.number]), typed)


@dataclass(frozen=True)
class Case:
    """`send` is done in a warehouse, after `given`; the answer has this `status`, `says` so (an error of ours, or a
    sentence), and `keeps` what was typed. Nothing is written but rows of the tables in `writes`."""

    name: str
    send: Callable
    says: object
    status: int = 422
    keeps: str = ""
    writes: frozenset = frozenset()
    given: Callable = lambda warehouse: None

    def __str__(self):
        return self.name

    @property
    def sentence(self):
        return " ".join(self.says.messages) if isinstance(self.says, ValidationError) else str(self.says)

    @property
    def field(self):
        """How an input holds what was typed."""
        return f'value="{escape(self.keeps)}"'


def everything():
    """{table: its rows} of all that counts, stock and documents are made of."""
    models = [model for app in ("counting", "ledger", "warehouse") for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: list(model.objects.order_by("pk").values_list()) for model in models if model != User}


def difference(before, after):
    return {table for table in before if before[table] != after[table]}
