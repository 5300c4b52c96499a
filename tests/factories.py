"""Objects that tests need, with nothing said that does not matter."""

import datetime
from decimal import Decimal
from uuid import uuid4

import factory
from django.db.models import BigIntegerField, Case, DecimalField, F, Value, When
from factory.django import DjangoModelFactory

from inventory_site.fields import QUANTITY
from ledger.models import Kind
from ledger.posting import Document, Line, post
from warehouse.missing import ensure_missing_bin
from warehouse.models import (
    Bin,
    BinContent,
    Category,
    Item,
    Location,
    LocationAssignment,
    Lot,
    Unit,
    UnitOfMeasure,
    User,
    Zone,
)
from warehouse.quants import ensure_quant

TODAY = datetime.date(2026, 11, 20)


class UnitOfMeasureFactory(DjangoModelFactory):
    class Meta:
        model = UnitOfMeasure
        django_get_or_create = ["code"]

    code = "each"
    name = "each"


class CategoryFactory(DjangoModelFactory):
    class Meta:
        model = Category

    name = factory.Sequence("Category {}".format)


class ItemFactory(DjangoModelFactory):
    class Meta:
        model = Item

    number = factory.Sequence("ITEM-{:04}".format)
    name = factory.Sequence("Item {}".format)
    base_unit = factory.SubFactory(UnitOfMeasureFactory)
    unit_cost = Decimal("2.5")


class LotItemFactory(ItemFactory):
    tracking = "lot"


class SerialItemFactory(ItemFactory):
    tracking = "serial"


class RfidItemFactory(ItemFactory):
    tracking = "rfid"


class LotFactory(DjangoModelFactory):
    class Meta:
        model = Lot

    item = factory.SubFactory(LotItemFactory)
    number = factory.Sequence("L{:04}".format)


class LocationFactory(DjangoModelFactory):
    class Meta:
        model = Location

    code = factory.Sequence("LH{}".format)
    name = factory.Sequence("Lindhafen {}".format)


class ZoneFactory(DjangoModelFactory):
    class Meta:
        model = Zone

    location = factory.SubFactory(LocationFactory)
    code = factory.Sequence("Z{}".format)


class BinFactory(DjangoModelFactory):
    class Meta:
        model = Bin

    location = factory.SubFactory(LocationFactory)
    code = factory.Sequence("A-01-{:02}".format)
    walking_order = factory.Sequence(int)


class BinContentFactory(DjangoModelFactory):
    class Meta:
        model = BinContent

    bin = factory.SubFactory(BinFactory)
    location = factory.SelfAttribute("bin.location")
    item = factory.SubFactory(ItemFactory)
    fixed = True


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence("person{}".format)

    @factory.post_generation
    def locations(self, create, extracted, **kwargs):
        for location in extracted or []:
            LocationAssignment.objects.create(user=self, location=location)


def document(location, kind=Kind.RECEIPT, **details):
    """A document to post, with a request of its own."""
    defaults = {"by": None, "posting_date": TODAY, "request_id": uuid4()}
    return Document(kind=kind, location=location, **(defaults | details))


def post_lines(location, *lines, kind=Kind.RECEIPT, **details):
    return post(document(location, kind, **details), [Line(**line) for line in lines])


def given_stock(quantity=0, *, bin=None, item=None, lot=None, unit_cost=None):
    """A quant in which this much was received."""
    bin = bin or BinFactory()
    item = item or (lot.item if lot else ItemFactory())
    quant = ensure_quant(bin=bin, item=item, lot=lot)
    if quantity:
        move(quant, quantity, unit_cost=unit_cost)
    return quant


def given_units(bin, item, codes, unit_cost=None):
    """Units with these codes, received into the bin; returned in the order of the codes."""
    line = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(1), "unit_cost": unit_cost}
    post_lines(bin.location, *({**line, "unit": code} for code in codes))
    units = {unit.code: unit for unit in Unit.objects.filter(item=item, code__in=codes)}
    return [units[code] for code in codes]


def put_into_the_missing_bin(*units):
    """As a completed count does it with units that it did not find, where they are searched for."""
    at = units[0].quant.location
    missing = {unit.quant_id: ensure_quant(bin=ensure_missing_bin(at), item=unit.item).pk for unit in units}
    cases = (When(quant=quant, then=Value(to)) for quant, to in missing.items())
    to_quant = Case(*cases, output_field=BigIntegerField())
    one = Value(Decimal(1), output_field=DecimalField(**QUANTITY))
    moved = Unit.objects.filter(pk__in=[unit.pk for unit in units])
    pairs = moved.annotate(to_quant_id=to_quant, quantity=one, unit_id=F("pk"))
    register = post(
        document(at, Kind.STOCK_TRANSFER), pairs.values_list("quant_id", "to_quant_id", "quantity", "unit_id")
    )
    for unit in units:
        unit.refresh_from_db()
    return register


def move(quant, quantity, *, kind=None, **details):
    """Receive (+) or issue (-) at a quant; returns the register. `quant` is read again."""
    unit_cost = details.pop("unit_cost", None)
    kind = kind or (Kind.RECEIPT if quantity > 0 else Kind.ISSUE)
    line = {"bin": quant.bin_id, "item": quant.item_id, "variant": quant.variant_id, "lot": quant.lot_id}
    register = post_lines(
        quant.location, {**line, "quantity": Decimal(quantity), "unit_cost": unit_cost}, kind=kind, **details
    )
    quant.refresh_from_db()
    return register


def adjust(quant, quantity, **details):
    """Somebody looked and says how much there is: a manual adjustment to an absolute quantity."""
    return move(quant, quantity, kind=Kind.MANUAL_ADJUSTMENT, **details)
