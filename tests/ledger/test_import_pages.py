"""Import of stock as a person does it: hand in, look, decide, import."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from ledger.importing import carry_out, hand_in, left_behind
from ledger.models import ImportStatus, Register, StockImport
from ledger.tasks import apply_stock_import, pick_up_imports
from ledger.views.imports import SAMPLE_NAMES
from tests.factories import BinFactory, ItemFactory, LocationFactory, UserFactory
from tests.ledger.test_import import SAMPLES, files_in, needs_openboxes, openboxes, stock_file
from warehouse.models import Item, Quant

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def planner(client):
    person = UserFactory()
    person.user_permissions.add(Permission.objects.get(codename="import_stock"))
    client.force_login(person)
    return person


def given_warehouse(person):
    location = LocationFactory(code="LH", name="Lindhafen")
    BinFactory(location=location, code="A-1")
    ItemFactory(number="BOLT")
    person.assignments.create(location=location)
    return location


def given_import(person, *files):
    return hand_in(files, by=person, at=timezone.now())


def upload(client, files, **headers):
    uploads = [SimpleUploadedFile(file.name, file.content) for file in files]
    return client.post(reverse("import-stock"), {"files": uploads}, **headers)


def test_files_that_are_handed_in_are_checked_and_not_imported(client, planner):
    response = upload(client, files_in(SAMPLES, "locations.csv", "bins.csv", "items.csv", "stock.csv"))

    stock_import = StockImport.objects.get()
    assert response.url == reverse("import-detail", args=[stock_import.pk])
    assert stock_import.status == ImportStatus.CHECKED
    assert stock_import.problems == []
    assert stock_import.summary["created"]["items"] == 40
    assert not Item.objects.exists()


def test_whoever_hands_in_files_is_told_in_their_language_how_many(client, planner):
    page = client.get(reverse("import-stock"), headers={"Accept-Language": "de"})

    assert "bis zu 12 auf einmal" in page.content.decode()


def test_the_dry_run_is_shown_with_one_button_to_import(client, planner):
    stock_import = given_import(planner, *files_in(SAMPLES, "locations.csv", "bins.csv", "items.csv", "stock.csv"))

    page = client.get(stock_import.get_absolute_url())

    assert page.status_code == 200
    assert b"Import all of this" in page.content
    assert b"Will be created" in page.content


def test_every_faulty_row_is_on_the_page_and_there_is_no_button(client, planner):
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-9,BOLT,,,5", "A-1,NUT,,,x", name="lindhafen.csv"))

    page = client.get(stock_import.get_absolute_url()).content.decode()

    assert "2 problems." in page
    assert "Lindhafen has no bin A-9" in page
    assert "“x” is not a number" in page
    assert "Import all of this" not in page


def test_an_import_is_asked_for_once_and_carried_out_by_a_worker(client, planner):
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5", name="lindhafen.csv"))
    address = reverse("import-apply", args=[stock_import.pk])

    first, second = client.post(address), client.post(address)
    shown = client.get(stock_import.get_absolute_url())
    done = apply_stock_import(stock_import.pk)
    again = apply_stock_import(stock_import.pk)

    assert (first.status_code, second.status_code) == (302, 422)
    assert b"every 1s" in shown.content
    assert (done, again) == ("applied", "nothing to do")
    assert Quant.objects.get().quantity == 5
    assert Register.objects.get().source == stock_import.number
    page = client.get(stock_import.get_absolute_url()).content.decode()
    assert Register.objects.get().number in page
    assert "every 1s" not in page


def test_a_person_decides_where_a_file_lies_and_the_rest_is_checked_again(client, planner):
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5"))
    before = stock_import.problems[0]["code"]

    response = client.post(stock_import.get_absolute_url(), {"location_0": "LH"}, **HTMX)

    stock_import.refresh_from_db()
    assert before == "location_missing"
    assert (response.status_code, stock_import.problems) == (200, [])
    assert b"<html" not in response.content


def test_a_choice_that_is_none_is_refused_in_place(client, planner):
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5"))

    response = client.post(stock_import.get_absolute_url(), {"location_0": "Atlantis"}, **HTMX)

    assert response.status_code == 422


@needs_openboxes
def test_the_files_of_boston_are_loaded_through_the_page(client, planner):
    upload(client, openboxes("locations", "binLocations", "products", "bostonWarehouseInventory"))
    stock_import = StockImport.objects.get()

    client.post(reverse("import-apply", args=[stock_import.pk]))
    done = carry_out(stock_import.pk, at=timezone.now())

    assert stock_import.choices["locations"] == {"bostonWarehouseInventory.csv": "BOSW"}
    assert done == "applied"
    assert Quant.objects.count() == 57
    assert planner.locations.filter(code="BOSW").exists()


@needs_openboxes
def test_a_parent_that_nobody_knows_is_offered_and_made_when_chosen(client, planner):
    upload(client, openboxes("binLocations", "products", "mainWarehouseInventory"))
    stock_import = StockImport.objects.get()
    page = client.get(stock_import.get_absolute_url()).content.decode()

    client.post(stock_import.get_absolute_url(), {"location_2": "Main Warehouse", "create": ["Main Warehouse"]}, **HTMX)

    after = client.get(stock_import.get_absolute_url()).content.decode()
    assert "Main Warehouse (14 bins)" in page
    assert '<option value="Main Warehouse" selected>' in after
    stock_import.refresh_from_db()
    assert stock_import.problems == []
    assert stock_import.summary["created"]["bins"] == 14


def test_what_goes_wrong_meanwhile_is_handed_back_with_its_rows(client, planner):
    location = given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5", name="lindhafen.csv"))
    client.post(reverse("import-apply", args=[stock_import.pk]))
    Item.objects.update(blocked=True)

    done = apply_stock_import(stock_import.pk)

    stock_import.refresh_from_db()
    assert done == "refused"
    assert stock_import.status == ImportStatus.CHECKED
    assert [problem["code"] for problem in stock_import.problems] == ["item_blocked"]
    assert not Quant.objects.filter(location=location).exists()


def test_an_import_that_the_books_cannot_hold_is_handed_back(client, planner):
    """Each row is possible, and so is each quant; what the location would own of the item is too much."""
    location = given_warehouse(planner)
    BinFactory(location=location, code="A-2")
    nine = "9" * 13
    stock_import = given_import(planner, stock_file(f"A-1,BOLT,,,{nine}", f"A-2,BOLT,,,{nine}", name="lindhafen.csv"))
    client.post(reverse("import-apply", args=[stock_import.pk]))

    done = apply_stock_import(stock_import.pk)

    stock_import.refresh_from_db()
    assert done == "refused"
    assert stock_import.status == ImportStatus.CHECKED
    assert [problem["code"] for problem in stock_import.problems] == ["too_much"]


def test_opening_stock_is_dated_by_the_day_of_the_warehouse(client, planner, settings):
    settings.TIME_ZONE = "Pacific/Auckland"
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5", name="lindhafen.csv"))
    client.post(reverse("import-apply", args=[stock_import.pk]))

    carry_out(stock_import.pk, at=datetime(2026, 11, 20, 20, 0, tzinfo=UTC))

    assert Register.objects.get().posting_date == date(2026, 11, 21)


def test_an_import_that_a_worker_left_behind_is_picked_up(client, planner):
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-1,BOLT,,,5", name="lindhafen.csv"))
    client.post(reverse("import-apply", args=[stock_import.pk]))
    too_early = list(left_behind(timezone.now()))
    StockImport.objects.update(asked_at=timezone.now() - timedelta(minutes=2))

    done = pick_up_imports()

    assert too_early == []
    assert done == [f"{stock_import.number}: applied"]
    assert Quant.objects.get().quantity == 5


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_samples_can_be_downloaded(client, planner, name):
    response = client.get(reverse("import-sample", args=[name]))

    (sample,) = SAMPLES.rglob(name)
    assert b"".join(response.streaming_content) == sample.read_bytes()


def test_all_problems_can_be_downloaded_without_cells_that_a_spreadsheet_would_run(client, planner):
    given_warehouse(planner)
    stock_import = given_import(planner, stock_file("A-9,BOLT,,,5", name="=lindhafen.csv"))

    response = client.get(reverse("import-problems", args=[stock_import.pk]))

    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("'=lindhafen.csv,2,Bin,")


def test_no_file_is_an_error_at_the_field(client, planner):
    response = client.post(reverse("import-stock"), {}, **HTMX)

    assert response.status_code == 422
    assert b'id="files"' in response.content


def test_two_files_of_one_name_are_refused(client, planner):
    response = upload(client, [stock_file(",A,,,1"), stock_file(",B,,,1")], **HTMX)

    assert response.status_code == 422
    assert not StockImport.objects.exists()


def test_more_files_than_fit_are_refused(client, planner):
    response = upload(client, [stock_file(",A,,,1", name=f"{number}.csv") for number in range(13)], **HTMX)

    assert response.status_code == 422
    assert b"Hand in 12 files at most." in response.content
    assert not StockImport.objects.exists()


def test_imports_of_other_people_are_not_there(client, planner):
    stock_import = given_import(UserFactory(), stock_file("A-1,BOLT,,,5"))

    for name in ("import-detail", "import-problems"):
        assert client.get(reverse(name, args=[stock_import.pk])).status_code == 404
    assert client.post(reverse("import-apply", args=[stock_import.pk])).status_code == 404


def test_who_may_not_import_is_told_so(client):
    client.force_login(UserFactory())

    assert client.get(reverse("import-stock")).status_code == 403
    assert upload(client, [stock_file("A-1,BOLT,,,5")]).status_code == 403


def test_who_is_not_logged_in_is_asked_to(client):
    assert client.get(reverse("import-stock")).url.startswith(reverse("login"))


def test_the_list_of_imports_has_a_fixed_number_of_queries(client, planner, django_assert_max_num_queries):
    for _each in range(5):
        given_import(planner, stock_file("A-1,BOLT,,,5"))

    with django_assert_max_num_queries(14):
        page = client.get(reverse("import-stock"))

    assert page.content.count(b"IM-") == 5
