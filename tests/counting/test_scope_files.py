"""The scope of a count from a spreadsheet."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from counting.models import CountSession
from counting.opening import Scope, open_session
from counting.scope_files import ListRefused, read_listed
from tests.counting.people import supervisor
from tests.factories import BinFactory, ItemFactory, LocationFactory, UserFactory, given_stock
from warehouse.models import BinKind, Tracking
from warehouse.quants import ensure_quant
from warehouse.spreadsheets import SourceFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelves():
    """Bolts and nuts in A-1 and A-2, bolts at the dock."""
    location = LocationFactory(code="LH")
    bolt, nut = ItemFactory(number="BOLT"), ItemFactory(number="NUT")
    for code in ("A-1", "A-2"):
        for item in (bolt, nut):
            given_stock(
                5,
                bin=BinFactory.create(location=location, code=code) if item is bolt else bin_of(location, code),
                item=item,
            )
    given_stock(5, bin=BinFactory(location=location, code="DOCK", kind=BinKind.RECEIVING), item=bolt)
    return location


def bin_of(location, code):
    return location.bins.get(code=code)


def listed(location, *rows, header="Bin,Item"):
    return read_listed(SourceFile("week 47.csv", "\n".join([header, *rows]).encode()), location=location)


def opened(location, *rows, header="Bin,Item"):
    scope = Scope(listed=listed(location, *rows, header=header))
    return open_session(location, by=UserFactory(), at=timezone.now(), request_id=uuid4(), scope=scope).session


def keys(session):
    return sorted(session.lines.values_list("quant__bin__code", "quant__item__number"))


def refusals(location, *rows, **options):
    with pytest.raises(ListRefused) as refused:
        listed(location, *rows, **options)
    return [(error.line, error.code) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("Bin", ["A-1"], [("A-1", "BOLT"), ("A-1", "NUT")]),
        ("Bin location", ["a-2"], [("A-2", "BOLT"), ("A-2", "NUT")]),
        ("Bin", ["DOCK"], [("DOCK", "BOLT")]),
        ("Item number", ["bolt"], [("A-1", "BOLT"), ("A-2", "BOLT")]),
        ("Bin,Item", ["A-1,BOLT", "A-2,NUT", "A-2,NUT"], [("A-1", "BOLT"), ("A-2", "NUT")]),
        ("Bin,Item", ["A-1,", ",BOLT"], [("A-1", "BOLT"), ("A-1", "NUT"), ("A-2", "BOLT")]),
    ],
)
def test_rows_name_bins_items_or_items_in_bins(shelves, header, rows, expected):
    assert keys(opened(shelves, *rows, header=header)) == expected


def test_a_list_and_what_is_typed_are_joined_by_and(shelves):
    scope = Scope(listed=listed(shelves, "A-1", "A-2", header="Bin"), bins=[bin_of(shelves, "A-1")])

    assert scope.quants(shelves).count() == 2


def test_every_row_that_is_wrong_is_named_at_once(shelves):
    BinFactory(location=shelves, code="B-1", name="Twin")
    BinFactory(location=shelves, code="B-2", name="Twin")

    wrong = refusals(shelves, "A-9,BOLT", "A-1,SCREW", "Twin,", "A-1,BOLT")

    assert wrong == [(2, "unknown_bin"), (3, "unknown_item"), (4, "two_bins")]


def test_serialized_items_can_be_listed(shelves):
    laser = ItemFactory(number="LASER", tracking=Tracking.SERIAL)
    quant = ensure_quant(bin=bin_of(shelves, "A-1"), item=laser)

    scope = Scope(listed=listed(shelves, ",LASER"), places_that_held_it=True)

    assert list(scope.quants(shelves)) == [quant]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("Shelf,Thing", ["A-1,BOLT"], [(1, "unknown_kind")]),
        ("Bin", [], [(1, "no_rows")]),
        ("Bin,Note", [",look here"], [(2, "nothing_named")]),
    ],
)
def test_a_file_that_is_no_list_says_so(shelves, header, rows, expected):
    assert refusals(shelves, *rows, header=header) == expected


def test_the_session_remembers_the_list_in_words(shelves):
    session = opened(shelves, "A-1,", "A-2,NUT")

    assert session.scope["listed"] == {"name": "week 47.csv", "rows": 2, "first": ["A-1", "NUT · A-2"]}


def test_a_long_list_takes_as_many_statements_as_a_short_one(shelves, django_assert_max_num_queries):
    for number in range(300):
        BinFactory(location=shelves, code=f"C-{number}")
    codes = [f"C-{number}" for number in range(300)]

    with django_assert_max_num_queries(4):
        scope = Scope(listed=listed(shelves, *codes, "A-1", header="Bin"))
    with django_assert_max_num_queries(1):
        assert scope.quants(shelves).count() == 2


def test_the_form_opens_the_count_that_the_file_asks_for(shelves):
    client = supervisor(shelves)
    upload = SimpleUploadedFile("bins.csv", b"Bin\nA-1\n")

    response = client.post(
        reverse("count-new"), {"location": "LH", "request_id": uuid4(), "preset": "session", "spreadsheet": upload}
    )

    session = CountSession.objects.get()
    assert response.url == session.get_absolute_url()
    assert keys(session) == [("A-1", "BOLT"), ("A-1", "NUT")]
    assert "A-1, from bins.csv" in client.get(response.url).content.decode()


def test_the_form_names_the_rows_and_opens_nothing(shelves):
    client = supervisor(shelves)
    upload = SimpleUploadedFile("bins.csv", b"Bin\nA-1\nA-9\n")

    response = client.post(
        reverse("count-new"),
        {"location": "LH", "request_id": uuid4(), "preset": "session", "spreadsheet": upload},
        headers={"HX-Request": "true"},
    )

    assert response.status_code == 422
    assert 'data-code="unknown_bin"' in response.content.decode()
    assert not CountSession.objects.exists()
