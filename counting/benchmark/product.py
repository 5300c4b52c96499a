"""The same job through the product's own verbs, and its review page through the whole stack of a request."""

from decimal import Decimal
from uuid import uuid4

from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from counting.completing import ask_to_complete, complete_session, digest
from counting.opening import open_session
from counting.recording import Count, record_counts, set_count
from counting.review import mark_counted
from counting.unit_differences import read_once
from ledger.models import Kind
from ledger.posting import Document, Line, post
from warehouse.models import Bin, Item, Location, UnitOfMeasure, User

QUANTS_IN_A_BIN = 20
BINS_OF_AN_ITEM = 5


def on_hand(position):
    return Decimal(1 + position * 37 % 100)


def counted(position, expected):
    """Every tenth line is off: three more, one less, in turn."""
    if position % 10:
        return expected
    return expected + (3 if position % 20 else -1)


class Product:
    def prepare(self, quants):
        self.quants = quants
        self.user = User.objects.create_superuser(f"bench-{uuid4()}", password=None)
        self.location = Location.objects.create(code=f"B{uuid4().hex[:12]}", name=f"Bench {quants}")
        each, _ = UnitOfMeasure.objects.get_or_create(code="each", defaults={"name": "each"})
        prefix = self.location.code
        self.bins = Bin.objects.bulk_create(
            Bin(location=self.location, code=f"{prefix}-{number:06}", walking_order=number)
            for number in range(quants // QUANTS_IN_A_BIN)
        )
        self.items = Item.objects.bulk_create(
            Item(number=f"{prefix}-{number:06}", name=f"Item {number}", base_unit=each, unit_cost=2)
            for number in range(quants // BINS_OF_AN_ITEM)
        )

    def rows(self):
        """(bin code, item number, quantity): what both sides receive."""
        for position in range(self.quants):
            bin, item = self.bins[position // QUANTS_IN_A_BIN], self.items[position % len(self.items)]
            yield bin.code, item.number, on_hand(position)

    def post(self):
        lines = (
            Line(
                bin=self.bins[position // QUANTS_IN_A_BIN].pk,
                item=self.items[position % len(self.items)].pk,
                quantity=on_hand(position),
            )
            for position in range(self.quants)
        )
        post(self._document(Kind.RECEIPT), lines)

    def post_one(self):
        line = Line(bin=self.bins[0].pk, item=self.items[0].pk, quantity=Decimal(1))
        post(self._document(Kind.RECEIPT), [line])

    def _document(self, kind):
        return Document(
            kind=kind, location=self.location, by=self.user, posting_date=timezone.localdate(), request_id=uuid4()
        )

    def open(self):
        self.session = open_session(
            self.location, by=self.user, at=timezone.now(), request_id=uuid4(), name="Bench"
        ).session

    def lines(self):
        return list(self.session.lines.order_by("quant").values_list("pk", "system_quantity"))

    def enter(self, rows):
        record_counts(
            self.session,
            (Count(line, quantity, client_id) for line, quantity, client_id in rows),
            by=self.user,
            at=timezone.now(),
        )

    def enter_one(self, line, quantity):
        set_count(line, quantity, by=self.user, client_id=uuid4())

    def review(self):
        mark_counted(self.session, by=self.user, at=timezone.now())
        self.client = Client(SERVER_NAME="localhost")
        self.client.force_login(self.user)
        self.review_page()  # templates are compiled once a process

    def review_page(self):
        response = self.client.get(reverse("count-review", args=[self.session.number]))
        if response.status_code != 200:
            raise RuntimeError(f"review page: {response.status_code}")

    def complete(self):
        with read_once(self.session):
            ask_to_complete(self.session, by=self.user, at=timezone.now(), confirmed=digest(self.session))
        outcome = complete_session(self.session.pk)
        if outcome != "completed":
            self.session.refresh_from_db()
            raise RuntimeError(f"{outcome}: {self.session.completion_problems[:3]}")

    def check(self):
        """The books are what was counted: lines where they are not, and lines that were adjusted."""
        self.session.refresh_from_db()
        wrong = self.session.lines.exclude(quant__quantity=F("counted_quantity")).count()
        return wrong, self.session.adjustment.warehouse_entries.count()


def vacuum():
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
