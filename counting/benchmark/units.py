"""Counting units through the product's own verbs: received, opened, scanned in bursts, looked at, completed."""

from decimal import Decimal
from uuid import uuid4

from django.db.models import F

from counting.benchmark.product import Product
from counting.models import Sighting, Verdict
from counting.sighting import scan_units
from counting.unit_differences import differences, read_once, summary
from counting.views.unit_panel import SHOWN
from ledger.models import Kind
from ledger.posting import Line, post
from warehouse.models import Bin, Item, Location, Tracking, UnitOfMeasure, User

UNITS_IN_A_QUANT = 50
QUANTS_IN_A_BIN = 100
BINS_OF_AN_ITEM = 5
UNITS_IN_A_BIN = UNITS_IN_A_QUANT * QUANTS_IN_A_BIN  # one burst of a reader


def is_missing(position):
    """Every hundredth is nowhere to be found,"""
    return position % 100 == 0


def is_misplaced(position):
    """and another stands in another bin, where there are more of its kind."""
    return position % 100 == 50


class UnitProduct(Product):
    def prepare(self, units):
        self.units = units
        self.user = User.objects.create_superuser(f"bench-{uuid4()}", password=None)
        self.location = Location.objects.create(code=f"U{uuid4().hex[:12]}", name=f"Bench {units} units")
        each, _ = UnitOfMeasure.objects.get_or_create(code="each", defaults={"name": "each"})
        prefix, quants = self.location.code, units // UNITS_IN_A_QUANT
        self.bins = Bin.objects.bulk_create(
            Bin(location=self.location, code=f"{prefix}-{number:06}", walking_order=number)
            for number in range(quants // QUANTS_IN_A_BIN)
        )
        self.items = Item.objects.bulk_create(
            Item(
                number=f"{prefix}-{number:06}",
                name=f"Item {number}",
                base_unit=each,
                unit_cost=2,
                tracking=Tracking.SERIAL,
            )
            for number in range(max(QUANTS_IN_A_BIN, quants // BINS_OF_AN_ITEM))
        )

    def placed(self):
        """(bin, item, code) of each unit: what both sides receive."""
        for position in range(self.units):
            quant = position // UNITS_IN_A_QUANT
            yield self.bins[quant // QUANTS_IN_A_BIN], self.items[quant % len(self.items)], self.code(position)

    def code(self, position):
        return f"{self.location.code}-{position:07}"

    def rows(self):
        return ((bin.pk, item.pk, code) for bin, item, code in self.placed())

    def post(self):
        lines = (Line(bin=bin.pk, item=item.pk, quantity=Decimal(1), unit=code) for bin, item, code in self.placed())
        post(self._document(Kind.RECEIPT), lines)

    def bursts(self):
        """(bin, codes, client id) for each bin: all that is there, as a reader sends it."""
        codes = {bin: [] for bin in range(len(self.bins))}
        next_of_its_kind = max(1, len(self.items) // QUANTS_IN_A_BIN)
        for position in range(self.units):
            bin = position // UNITS_IN_A_BIN
            if is_misplaced(position):
                bin = (bin + next_of_its_kind) % len(self.bins)
            if not is_missing(position):
                codes[bin].append(self.code(position))
        return [(self.bins[bin], read, uuid4()) for bin, read in codes.items()]

    def scan(self, bin, codes, client_id):
        scan_units(self.session, codes, bin=bin, by=self.user, client_id=client_id)

    def differing(self):
        """How many there are, and the first page of them."""
        with read_once(self.session):
            differences(self.session, limit=SHOWN)
            return summary(self.session).units

    def check(self):
        """The units that do not lie where they were seen, and how many were moved and written off."""
        self.session.refresh_from_db()
        wrong = Sighting.objects.filter(line__session=self.session).exclude(unit__quant=F("line__quant")).count()
        posted = self.session.unit_differences.filter(posted=True)
        return (
            wrong,
            posted.filter(verdict=Verdict.TRANSFER).count(),
            posted.filter(verdict=Verdict.WRITE_OFF).count(),
        )
