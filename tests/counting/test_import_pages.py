"""Import of counts as a person does it: hand in, look, decide, import."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from counting.models import CountImport, CountSession
from counting.review import mark_counted
from counting.tasks import carry_on_import, pick_up_imports
from tests.counting.given import count, given_session
from tests.counting.people import auditor, counter, supervisor
from tests.factories import BinFactory, ItemFactory, LocationFactory, UserFactory, given_stock
from tests.pages import HTMX, is_page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    location = LocationFactory(code="LH", name="Lindhafen")
    bin = BinFactory(location=location, code="A-1")
    for number, quantity in {"BOLT": 10, "NUT": 20}.items():
        given_stock(quantity, bin=bin, item=ItemFactory(number=number, name=number.title()))
    return given_session(location)


def upload(client, session, *rows, header="Bin,Item,Counted", name="counts.csv", **headers):
    file = SimpleUploadedFile(name, "\n".join([header, *rows]).encode())
    return client.post(reverse("count-import", args=[session.number]), {"file": file}, headers=headers)


def line_of(session, item):
    return session.lines.select_related("quant", "session").get(quant__item__number=item)


def handed_in():
    return CountImport.objects.select_related("session").get()


def apply(client, **headers):
    its = handed_in()
    return client.post(reverse("count-import-apply", args=[its.session.number, its.pk]), headers=headers)


def test_a_file_is_shown_before_it_is_taken_with_one_button(shelf):
    client = counter(shelf.location)

    response = upload(client, shelf, "A-1,BOLT,9", "A-1,NUT,")
    page = client.get(response.url)

    assert response.url == handed_in().get_absolute_url()
    assert "Take 1 count" in text_of(page)
    assert "1 is blank: not counted." in text_of(page)
    assert not shelf.lines.counted().exists()


def test_the_button_takes_the_counts_and_says_so(shelf):
    client = counter(shelf.location)
    upload(client, shelf, "A-1,BOLT,9")

    page = client.get(apply(client).url)

    assert "1 count is taken" in text_of(page)
    assert line_of(shelf, "BOLT").counted_quantity == 9


def test_what_somebody_counted_meanwhile_is_named_with_a_choice(shelf):
    client = counter(shelf.location)
    count(line_of(shelf, "BOLT"), 8, by=UserFactory(username="ama", first_name="Ama"))

    page = client.get(upload(client, shelf, "A-1,BOLT,7").url)

    assert "Ama counted 8" in text_of(page)
    assert 'name="take-2" value="file"' in page.content.decode()
    assert "Take 1 count" not in text_of(page)


def test_a_choice_is_saved_and_leads_to_the_button(shelf):
    client = counter(shelf.location)
    count(line_of(shelf, "BOLT"), 8)
    upload(client, shelf, "A-1,BOLT,7")

    answer = client.post(handed_in().get_absolute_url(), {"take-2": "file", "others": ""}, headers=HTMX)
    apply(client)

    assert not is_page(answer)
    assert "Take 1 count" in text_of(answer)
    assert line_of(shelf, "BOLT").counted_quantity == 7


def test_all_conflicts_are_decided_at_once(shelf):
    client = counter(shelf.location)
    for item in ("BOLT", "NUT"):
        count(line_of(shelf, item), 8)
    upload(client, shelf, "A-1,BOLT,7", "A-1,NUT,6")

    client.post(handed_in().get_absolute_url(), {"others": "theirs"})
    response = apply(client, **HTMX)

    assert response.status_code == 422
    assert "No row of the file would change a count" in text_of(response)


@pytest.mark.parametrize(
    ("name", "value"), [("take-2", "mine"), ("take-x", "file"), ("take-99999999999999", "file"), ("take-7", "file")]
)
def test_choices_that_are_none_decide_nothing(shelf, name, value):
    client = counter(shelf.location)
    count(line_of(shelf, "BOLT"), 8)
    upload(client, shelf, "A-1,BOLT,7")

    assert client.post(handed_in().get_absolute_url(), {"others": "", name: value}).status_code == 200
    assert handed_in().rows.undecided().exists()


def test_faulty_rows_are_on_the_page_and_in_a_file(shelf):
    client = counter(shelf.location)

    page = client.get(upload(client, shelf, "A-9,BOLT,9", "A-1,BOLT,x").url)
    problems = client.get(reverse("count-import-problems", args=[shelf.number, handed_in().pk]))

    assert "2 problems." in text_of(page)
    assert "Lindhafen has no bin A-9" in text_of(page)
    assert b"".join(problems.streaming_content).count(b"counts.csv,") == 2
    assert apply(client, **HTMX).status_code == 422


def test_a_blind_counter_is_told_that_somebody_counted_and_not_how_much(shelf):
    CountSession.objects.filter(pk=shelf.pk).update(blind=True)
    client = counter(shelf.location)
    count(line_of(shelf, "BOLT"), 8, by=UserFactory(first_name="Ama"))

    page = text_of(client.get(upload(client, shelf, "A-1,BOLT,7").url))

    assert "Ama counted it" in page
    assert "Ama counted 8" not in page


def test_a_file_that_was_imported_before_is_recognized(shelf):
    client = counter(shelf.location)
    upload(client, shelf, "A-1,BOLT,9")
    apply(client)
    first = handed_in()

    page = client.get(upload(client, shelf, "A-1,BOLT,9").url)

    assert f"This file was imported before as {first.number}" in text_of(page)


def test_an_import_that_waits_shows_how_far_it_is(shelf):
    client = counter(shelf.location)
    upload(client, shelf, "A-1,BOLT,9")
    CountImport.objects.update(status="asked", asked_at=timezone.now())

    page = client.get(handed_in().get_absolute_url())

    assert b"every 1s" in page.content
    assert pick_up_imports() == []
    assert carry_on_import(handed_in().pk) == "imported"
    assert b"every 1s" not in client.get(handed_in().get_absolute_url()).content


def test_a_counted_session_offers_no_import(shelf):
    client = supervisor(shelf.location)
    count(line_of(shelf, "BOLT"), 8)
    mark_counted(shelf, by=UserFactory(), at=timezone.now())

    page = client.get(reverse("count-import", args=[shelf.number]))
    response = upload(client, shelf, "A-1,BOLT,7", **HTMX)

    assert "not being counted any more" in text_of(page)
    assert response.status_code == 422
    assert not CountImport.objects.exists()


def test_no_file_is_an_error_at_the_field(shelf):
    client = counter(shelf.location)

    assert client.post(reverse("count-import", args=[shelf.number]), {}, headers=HTMX).status_code == 422


def test_imports_are_for_counters_of_the_location_and_their_own(shelf):
    mine, colleague, boss = counter(shelf.location), counter(shelf.location), supervisor(shelf.location)
    upload(mine, shelf, "A-1,BOLT,9")
    address = handed_in().get_absolute_url()

    codes = {
        "mine": mine.get(address).status_code,
        "colleague": colleague.get(address).status_code,
        "reviewer": boss.get(address).status_code,
        "stranger": counter(LocationFactory()).get(address).status_code,
        "auditor": auditor(shelf.location).get(address).status_code,
    }

    assert codes == {"mine": 200, "colleague": 404, "reviewer": 200, "stranger": 404, "auditor": 403}


def test_an_import_of_another_session_is_not_found(shelf):
    client = counter(shelf.location)
    upload(client, shelf, "A-1,BOLT,9")
    given_stock(1, bin=BinFactory(location=shelf.location))
    other = given_session(shelf.location)

    assert client.get(reverse("count-import-detail", args=[other.number, handed_in().pk])).status_code == 404


def test_a_page_of_rows_takes_as_many_statements_for_many_as_for_few(django_assert_max_num_queries):
    location = LocationFactory()
    for number in range(60):
        given_stock(5, bin=BinFactory(location=location, code=f"B-{number}"), item=ItemFactory(number=f"I-{number}"))
    session, client = given_session(location), counter(location)

    for rows in (2, 60):
        response = upload(client, session, *(f"B-{number},I-{number},4" for number in range(rows)))
        with django_assert_max_num_queries(30):
            assert client.get(response.url).status_code == 200


def test_the_line_of_another_count_tells_nothing_of_how_it_was_counted(shelf):
    elsewhere = given_stock(44, bin=BinFactory(code="Z-9"), item=ItemFactory(number="SECRET", name="Secret"))
    theirs = given_session(elsewhere.location).lines.select_related("quant", "session").get()
    count(theirs, 43, by=UserFactory(username="nell", first_name="Nell"))
    client = supervisor(shelf.location)

    response = upload(client, shelf, f"{theirs.pk},,,42", header="Line,Bin,Item,Counted")
    page = text_of(client.get(response.url))

    assert "There is no such line in this count." in page
    assert "Tracked by units" not in page
    assert not [word for word in ("Secret", "SECRET", "Z-9", "43", "Nell") if word in page]
    row = handed_in().rows.get()
    assert (row.line, row.was, row.was_by, row.was_at, row.outcome) == (None, None, None, None, "left")
