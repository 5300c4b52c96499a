"""A warehouse that is counted in a browser."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import Group

from counting.people import apply_groups
from ledger.models import Reason
from tests.browser.people import FNC1, PASSWORD
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UnitOfMeasureFactory,
    UserFactory,
    ZoneFactory,
    given_stock,
)
from warehouse.models import ItemReference, ItemUnit

PADLOCK, BOX_OF_PADLOCKS, EPOXY = "4006381333931", "14006381333938", "4012345678901"


def epoxy_label(lot, expiry="271130", quantity=None):
    """A GS1 element string: GTIN, expiration date, lot and, behind FNC1, how many."""
    return f"010{EPOXY}17{expiry}10{lot}" + (f"{FNC1}37{quantity}" if quantity else "")


@dataclass
class Lindhafen:
    location: object = field(default_factory=lambda: LocationFactory(code="LH1", name="Lindhafen"))

    def __post_init__(self):
        # A test that flushes the database takes what migrations put there.
        apply_groups()
        for code, name, effect in (("missing", "Missing", "corrected"), ("found", "Found", "corrected")):
            Reason.objects.get_or_create(code=code, defaults={"name": name, "effect": effect})
        self.fill()

    def fill(self):
        aisle, elsewhere = (ZoneFactory(location=self.location, code=code, name=name) for code, name in AISLES)
        for code in ("A-01-01", "A-01-02", "A-01-03", "A-01-04"):
            setattr(self, code.lower().replace("-", ""), BinFactory(location=self.location, zone=aisle, code=code))
        box = UnitOfMeasureFactory(code="box", name="box")
        self.padlock = ItemFactory(number="HW-1001", name="Padlock 40 mm, brass", unit_cost=Decimal("4.35"))
        self.hinge = ItemFactory(number="HW-1002", name="Butt hinge 80 mm", unit_cost=Decimal("1.20"))
        self.epoxy = LotItemFactory(number="CH-2001", name="Epoxy resin, 1 kg", unit_cost=Decimal("11.60"))
        ItemUnit.objects.create(item=self.padlock, unit_of_measure=box, quantity_per=12)
        ItemReference.objects.create(item=self.padlock, code=PADLOCK)
        ItemReference.objects.create(item=self.padlock, code=BOX_OF_PADLOCKS, unit_of_measure=box)
        ItemReference.objects.create(item=self.epoxy, code=EPOXY)
        old = LotFactory(item=self.epoxy, number="E25-347", expiration_date=date(2027, 11, 30))
        new = LotFactory(item=self.epoxy, number="E26-081", expiration_date=date(2028, 4, 30))
        self.padlocks = given_stock(54, bin=self.a0101, item=self.padlock)
        given_stock(8, bin=self.a0101, lot=old)
        given_stock(100, bin=self.a0102, item=self.hinge)
        given_stock(10, bin=self.a0102, item=self.padlock)
        given_stock(18, bin=self.a0103, lot=new)
        given_stock(12, bin=self.a0103, item=self.hinge)
        given_stock(5, bin=self.a0104, item=self.hinge)
        given_stock(7, bin=BinFactory(location=self.location, zone=elsewhere, code="B-01-01"), item=self.hinge)

    def employs(self, username, group, **names):
        person = UserFactory(username=username, locations=[self.location], **names)
        lets_in(person)
        person.groups.add(Group.objects.get(name=group))
        return person


def lets_in(person):
    person.set_password(PASSWORD)
    person.save(update_fields=["password"])


AISLES = (("A", "Fasteners"), ("B", "Bulk"))
