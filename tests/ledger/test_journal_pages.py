"""Journals as people use them: the grid row by row, files and pasted cells, scans, checking, looking and posting."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ledger.journals import add_lines
from ledger.models import JournalBatch, JournalKind, JournalLine, Kind, Register, StandardJournal
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotItemFactory,
    SerialItemFactory,
    UserFactory,
    given_stock,
    given_units,
)
from tests.ledger.journal_lines import as_typed, given_batch
from warehouse.models import ItemReference, Quant

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def supervisor(client):
    """Logged in; at which locations, the test says."""
    person = UserFactory()
    person.groups.add(Group.objects.get(name="Supervisor"))
    client.force_login(person)
    return person


def works_at(person, location):
    person.locations.add(location)
    return location


def given_own(person, *lines, location=None, **head):
    return given_batch(*lines, location=works_at(person, location or LocationFactory()), **head)


def row(key, revision=0, **typed):
    return {"row": str(key), f"{key}-revision": revision} | {f"{key}-{name}": value for name, value in typed.items()}


def test_a_journal_is_opened_with_its_head_and_shows_its_grid(client, supervisor):
    location = works_at(supervisor, LocationFactory())
    head = {"kind": "item", "location": location.code, "name": "Breakage", "posting_date": "2026-11-20", "note": "w47"}

    response = client.post(reverse("journal-new"), head, follow=True)

    batch = JournalBatch.objects.get()
    assert (batch.name, batch.note, batch.created_by) == ("Breakage", "w47", supervisor)
    assert response.status_code == 200
    assert "Breakage" in response.text


def test_a_warehouse_item_journal_at_an_ordinary_location_is_refused_with_the_way_out(client, supervisor):
    location = works_at(supervisor, LocationFactory())
    head = {"kind": "warehouse", "location": location.code, "name": "x", "posting_date": "2026-11-20"}

    response = client.post(reverse("journal-new"), head)

    assert response.status_code == 422
    assert "use an item journal there" in response.text


def test_a_row_is_kept_by_itself_and_says_what_it_means(client, supervisor):
    batch = given_own(supervisor)
    item = ItemFactory(name="Padlock")
    key = uuid4()

    response = client.post(batch.get_absolute_url(), row(key, item=item.number, quantity="4 × 12 + 3"), headers=HTMX)

    line = batch.lines.get()
    assert (line.client_id, line.quantity) == (key, 51)
    assert f'id="line-{key}"' in response.text
    assert "<small>Padlock</small>" in response.text
    assert "1 line" in response.text


def test_a_row_with_what_is_wrong_is_kept_and_says_so_at_its_field(client, supervisor):
    batch = given_own(supervisor)
    key = uuid4()

    response = client.post(batch.get_absolute_url(), row(key, item="nothing", quantity="1"), headers=HTMX)

    assert response.status_code == 200
    assert batch.lines.get().item == "nothing"
    assert re.search(rf'name="{key}-item"[^>]*aria-invalid="true"', response.text)
    assert "No item has the number" in response.text


def test_what_is_no_number_is_shown_again_and_not_kept(client, supervisor):
    batch = given_own(supervisor)
    key = uuid4()

    response = client.post(batch.get_absolute_url(), row(key, item="HW-1", quantity="many"), headers=HTMX)

    assert response.status_code == 422
    assert 'value="many"' in response.text
    assert not batch.lines.exists()


def test_a_row_that_somebody_else_changed_shows_what_is_kept(client, supervisor):
    batch = given_own(supervisor, {"item": "HW-1"})
    line = batch.lines.get()
    JournalLine.objects.update(item="HW-2", revision=2)

    response = client.post(batch.get_absolute_url(), row(line.client_id, 1, item="HW-3"), headers=HTMX)

    assert "Somebody changed line 1 meanwhile" in response.text
    assert 'value="HW-2"' in response.text
    assert batch.lines.get().item == "HW-2"


def test_without_javascript_one_button_keeps_all_rows(client, supervisor):
    batch = given_own(supervisor, {"item": "HW-1"})
    line = batch.lines.get()
    rows = [row(line.client_id, 1, item="HW-9"), row(uuid4(), item="HW-2"), row(uuid4())]
    data = {name: value for one in rows for name, value in one.items()} | {"row": [one["row"] for one in rows]}

    response = client.post(batch.get_absolute_url(), data)

    assert response.status_code == 302
    assert [line.item for line in batch.lines.all()] == ["HW-9", "HW-2"]


def test_without_javascript_a_wrong_number_leaves_what_was_typed(client, supervisor):
    batch = given_own(supervisor)

    response = client.post(batch.get_absolute_url(), row(uuid4(), item="HW-1", quantity="many"))

    assert response.status_code == 422
    assert 'value="many"' in response.text


def test_ten_thousand_lines_are_paged_and_a_page_costs_the_same(client, supervisor, django_assert_max_num_queries):
    item = ItemFactory()
    batch = given_own(supervisor)
    add_lines(batch, (as_typed({"item": item.number, "quantity": 1}) for _ in range(10_000)))

    with django_assert_max_num_queries(40):
        response = client.get(batch.get_absolute_url(), {"page": 200})

    assert "9,951–10,000 of 10,000" in response.text.replace("\u202f", ",")


def test_checking_shows_the_lines_that_cannot_be_posted(client, supervisor):
    quant = given_stock(1)
    batch = given_own(
        supervisor,
        {"item": quant.item.number, "bin": quant.bin.code, "quantity": 5},
        {"item": quant.item.number, "bin": quant.bin.code, "quantity": 50, "entry_type": "negative"},
        location=quant.location,
    )

    response = client.get(batch.get_absolute_url(), {"wrong": 1})

    assert "1 line must be corrected" in response.text
    assert "holds 6" not in response.text and "which is less than the 50" in response.text
    assert response.text.count('aria-invalid="true"') == 1


def test_checking_says_so_where_all_lines_can_be_posted(client, supervisor):
    batch = given_own(supervisor, {"item": ItemFactory().number, "quantity": 5})

    assert "All lines can be posted." in client.get(batch.get_absolute_url(), {"wrong": 1}).text


def test_posting_is_looked_at_first_and_twice_is_once(client, supervisor):
    item = ItemFactory()
    batch = given_own(supervisor, {"item": item.number, "quantity": 5})
    url = reverse("journal-post", args=[batch.pk])

    seen = client.get(url)
    assert "1 entry would be written" in seen.text
    assert not Register.objects.exists()
    sent = {"request_id": str(batch.request_id)}
    responses = [client.post(url, sent, follow=True) for _ in range(2)]

    register = Register.objects.get()
    assert (register.kind, register.by) == (Kind.ITEM_JOURNAL, supervisor)
    assert f"{register.number} is posted." in responses[0].text
    assert "Nothing was posted twice." in responses[1].text


def test_what_cannot_be_posted_is_told_with_all_its_lines(client, supervisor):
    batch = given_own(supervisor, {"item": "nothing", "quantity": 5}, {"quantity": 5})

    response = client.post(reverse("journal-post", args=[batch.pk]), {"request_id": str(batch.request_id)})

    assert response.status_code == 422
    assert "No item has the number" in response.text and "Say which item." in response.text
    assert batch.lines.count() == 2


def test_cells_that_are_pasted_become_lines_from_the_field_on_in_which_they_are(client, supervisor):
    batch = given_own(supervisor, location=BinFactory(code="B-1").location)

    client.post(
        reverse("journal-add", args=[batch.pk]),
        {"text": "HW-1\tin\tB-1\nHW-2\tout\tB-2\n\n", "first": "item"},
        headers=HTMX,
    )

    assert [(line.item, line.entry_type, line.bin) for line in batch.lines.all()] == [
        ("HW-1", "positive", "B-1"),
        ("HW-2", "negative", "B-2"),
    ]


def test_cells_with_names_over_them_find_their_columns(client, supervisor):
    batch = given_own(supervisor)
    text = "Quantity\tItem No.\tEntry Type\n-3\tHW-1\tPositive Adjmt.\n2.5\tHW-2\tNegative Adjmt."

    client.post(reverse("journal-add", args=[batch.pk]), {"text": text})

    assert [(line.item, line.quantity, line.entry_type) for line in batch.lines.all()] == [
        ("HW-1", -3, "positive"),
        ("HW-2", 2.5, "negative"),
    ]


def test_rows_that_cannot_be_read_add_nothing_and_are_all_named(client, supervisor):
    batch = given_own(supervisor)
    text = "Item\tQuantity\tExpires\nHW-1\tmany\t\nHW-2\t1\tsoon"

    response = client.post(reverse("journal-add", args=[batch.pk]), {"text": text})

    assert response.status_code == 422
    assert "“many” is not a number" in response.text and "“soon” is not a date" in response.text
    assert not batch.lines.exists()


def test_a_file_that_was_exported_comes_back_as_the_same_lines(client, supervisor):
    bin = BinFactory(code="B-1")
    typed = {"item": "HW-1", "bin": "B-1", "lot": "L1", "expiration_date": "2027-01-31", "quantity": "2.5",
             "unit_cost": "1.25", "entry_type": "negative"}  # fmt: skip
    batch = given_own(supervisor, typed, {"item": "=1+1", "quantity": -3}, location=bin.location)
    other = given_own(supervisor, location=bin.location)

    for name, kind in (("xlsx", "application/octet-stream"), ("csv", "text/csv")):
        file = client.get(batch.get_absolute_url(), {"as": name})
        content = b"".join(file.streaming_content)
        upload = SimpleUploadedFile(f"journal.{name}", content, content_type=kind)
        client.post(reverse("journal-add", args=[other.pk]), {"file": upload})

    columns = ("item", "bin", "lot", "expiration_date", "quantity", "unit_cost", "entry_type")
    kept = list(batch.lines.values_list(*columns))
    assert list(other.lines.values_list(*columns)) == kept * 2


def test_a_scan_adds_a_line_in_the_bin_that_was_scanned_before_and_again_one_more(client, supervisor):
    bin = BinFactory()
    item = ItemFactory(name="Padlock")
    ItemReference.objects.create(item=item, code="4006381333931")
    batch = given_own(supervisor, location=bin.location)
    url = reverse("journal-scan", args=[batch.pk])

    where = client.post(url, {"code": bin.code, "client_id": uuid4(), "bin": ""}, headers=HTMX)
    assert f'name="bin" value="{bin.code}"' in where.text
    for _ in range(2):
        sent = {"code": "4006381333931", "client_id": uuid4(), "bin": bin.code, "entry_type": "negative"}
        response = client.post(url, sent, headers=HTMX)

    line = batch.lines.get()
    assert (line.item, line.bin, line.quantity, line.entry_type) == (item.number, bin.code, 2, "negative")
    assert "Padlock" in response.text


def test_scanned_units_gather_on_the_line_of_their_item_and_each_counts_once(client, supervisor):
    bin = BinFactory()
    drill = SerialItemFactory()
    given_units(bin, drill, ["SN-1", "SN-2"])
    batch = given_own(supervisor, location=bin.location)

    for code in ("SN-1", "SN-2", "SN-1"):
        sent = {"code": code, "client_id": uuid4(), "bin": bin.code, "entry_type": "negative"}
        client.post(reverse("journal-scan", args=[batch.pk]), sent, headers=HTMX)

    line = batch.lines.get()
    assert (line.item, line.unit, line.quantity) == (drill.number, "SN-1, SN-2", None)


def test_a_label_with_lot_and_date_fills_them_in(client, supervisor):
    item = LotItemFactory()
    ItemReference.objects.create(item=item, code="04006381333931")
    batch = given_own(supervisor)
    code = "(01)04006381333931(17)270131(10)L77"

    client.post(reverse("journal-scan", args=[batch.pk]), {"code": code, "client_id": uuid4(), "bin": ""})

    line = batch.lines.get()
    assert (line.lot, str(line.expiration_date)) == ("L77", "2027-01-31")


def test_a_scan_that_nobody_knows_says_so_and_adds_nothing(client, supervisor):
    batch = given_own(supervisor)

    response = client.post(
        reverse("journal-scan", args=[batch.pk]), {"code": "???", "client_id": uuid4()}, headers=HTMX
    )

    assert response.status_code == 422
    assert "No item has the number" in response.text
    assert not batch.lines.exists()


def test_chosen_lines_are_deleted(client, supervisor):
    batch = given_own(supervisor, {"item": "A"}, {"item": "B"})

    client.post(reverse("journal-delete-lines", args=[batch.pk]), {"chosen": batch.lines.get(item="A").pk})

    assert [line.item for line in batch.lines.all()] == ["B"]


def test_the_head_is_changed_and_the_journal_deleted_with_its_lines(client, supervisor):
    batch = given_own(supervisor, {"item": "A"})

    client.post(reverse("journal-head", args=[batch.pk]), {"name": "Other", "posting_date": "2026-11-01"})
    assert JournalBatch.objects.get().name == "Other"
    client.post(reverse("journal-delete", args=[batch.pk]))

    assert not JournalBatch.objects.exists()


def test_lines_are_saved_as_a_standard_journal_and_come_back_behind_others(client, supervisor):
    batch = given_own(supervisor, {"item": "A", "quantity": 3}, {"item": "B", "quantity": 4}, {"item": "C"})
    url = reverse("journal-standard", args=[batch.pk])
    chosen = [batch.lines.get(item=item).pk for item in ("A", "B")]

    client.post(url, {"save": 1, "code": "WEEK", "chosen": chosen})
    client.post(url, {"get": 1, "journal": "WEEK"})

    assert [(line.item, line.quantity) for line in batch.lines.all()] == [
        ("A", 3), ("B", 4), ("C", None), ("A", None), ("B", None),
    ]  # fmt: skip
    assert "WEEK" in client.get(reverse("standard-journals")).text


def test_a_code_that_has_lines_asks_before_they_are_replaced(client, supervisor):
    batch = given_own(supervisor, {"item": "A"})
    url = reverse("journal-standard", args=[batch.pk])
    client.post(url, {"save": 1, "code": "WEEK"})

    refused = client.post(url, {"save": 1, "code": "WEEK"})
    assert refused.status_code == 422 and "Say that they are replaced" in refused.text
    client.post(url, {"save": 1, "code": "WEEK", "overwrite": "on"})

    assert StandardJournal.objects.get().lines.count() == 1


def test_inventory_is_adjusted_where_locations_keep_no_bins_and_only_where_it_changed(client, supervisor):
    item = ItemFactory()
    first, second = (works_at(supervisor, LocationFactory()) for _ in range(2))
    works_at(supervisor, BinFactory().location)
    implicit = {place: place.bins.get(kind="implicit") for place in (first, second)}
    for place in (first, second):
        given_stock(5, bin=implicit[place], item=item)
    url = reverse("item-adjust", args=[item.number])
    seen = re.findall(r'name="([^"]+)" value="([^"]*)"', client.get(url).text)
    sent = {name: value for name, value in seen if name != "csrfmiddlewaretoken"}
    sent[f"at-{implicit[second].pk}-0"] = "8"

    client.post(url, sent)
    client.post(url, sent)

    register = Register.objects.get(kind=Kind.ITEM_JOURNAL)
    assert register.location == second
    assert dict(Quant.objects.values_list("location", "quantity")) == {first.pk: 5, second.pk: 8}


def test_inventory_that_moved_since_it_was_seen_is_not_adjusted(client, supervisor):
    item = ItemFactory()
    location = works_at(supervisor, LocationFactory())
    quant = given_stock(5, bin=location.bins.get(kind="implicit"), item=item)
    key = f"at-{quant.bin_id}-0"

    response = client.post(
        reverse("item-adjust", args=[item.number]), {"request_id": uuid4(), key: "8", f"seen-{key}": 0}
    )

    assert response.status_code == 422
    assert "moved while you looked" in response.text


def test_opening_entries_are_posted_by_those_who_may_load_stock(client, supervisor):
    batch = given_own(supervisor, {"item": ItemFactory().number, "quantity": 1}, kind=JournalKind.OPENING)
    Group.objects.get(name="Supervisor").permissions.remove(
        *Group.objects.get(name="Supervisor").permissions.filter(codename="import_stock")
    )

    response = client.post(reverse("journal-post", args=[batch.pk]), {"request_id": str(batch.request_id)})

    assert response.status_code == 403
    assert not Register.objects.exists()


# Reclassification


def test_an_item_reclassification_journal_can_go_to_another_location_and_others_cannot(client, supervisor):
    here, there = (works_at(supervisor, LocationFactory()) for _ in range(2))
    head = {"location": here.code, "to_location": there.code, "name": "To the shop", "posting_date": "2026-11-20"}

    refused = client.post(reverse("journal-new"), {**head, "kind": "item"})
    client.post(reverse("journal-new"), {**head, "kind": "reclassification"})

    assert refused.status_code == 422
    assert refused.context["form"].has_error("kind", "stays_at_its_location")
    assert JournalBatch.objects.get().to_location == there


def test_the_content_of_bins_becomes_lines_of_a_reclassification_journal(client, supervisor):
    quant = given_stock(7, bin=BinFactory(location=works_at(supervisor, LocationFactory())))
    given_stock(2, bin=BinFactory(location=quant.location))
    batch = given_batch(location=quant.location, kind=JournalKind.RECLASSIFICATION)
    address = reverse("journal-bins", args=[batch.pk])

    wrong = client.post(address, {"bins": "NOWHERE, NOTHING"})
    client.post(address, {"bins": quant.bin.code})

    assert [error.code for error in wrong.context["form"].errors.as_data()["bins"]] == ["bin_unknown", "bin_unknown"]
    assert [(line.item, line.bin, line.quantity) for line in batch.lines.all()] == [
        (quant.item.number, quant.bin.code, 7)
    ]


def test_other_journals_get_no_content_of_bins(client, supervisor):
    batch = given_own(supervisor)

    assert client.get(reverse("journal-bins", args=[batch.pk])).status_code == 404


def test_the_page_of_an_item_leads_to_adjusting_its_inventory_but_not_that_of_units(client, supervisor):
    quant = given_stock(5, bin=BinFactory(location=works_at(supervisor, LocationFactory())))
    address = reverse("item-adjust", args=[quant.item.number])

    assert address in client.get(quant.item.get_absolute_url()).content.decode()
    drill = SerialItemFactory()
    assert reverse("item-adjust", args=[drill.number]) not in client.get(drill.get_absolute_url()).content.decode()
