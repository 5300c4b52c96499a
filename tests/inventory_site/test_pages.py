"""The frame of every page: page or partial, toasts, lists, tabs, navigation, words and figures."""

import json
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import django_filters
import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser, Permission
from django.contrib.messages.storage.cookie import CookieStorage
from django.db.models import F
from django.http import Http404, HttpResponse
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from inventory_site import tabs
from inventory_site.context import Navigation, NavItem
from inventory_site.errors import DomainError, LineError, LinesRefused
from inventory_site.listing import Column, Find, Listing, Pick
from inventory_site.pages import form_status, redirect_to, refuse, render_page, toast
from inventory_site.templatetags import truecount
from tests.factories import UserFactory
from warehouse.models import UnitOfMeasure

TEMPLATE = "registration/password_change_form.html"


def given_request(path="/items/", data=None, *, user=None, **headers):
    request = RequestFactory().get(path, data, headers=headers)
    request.htmx = HtmxDetails(request)
    request.user = user or AnonymousUser()
    request._messages = CookieStorage(request)
    return request


def rendered(source, **context):
    return engines["django"].from_string(source).render(context).strip()


# Page or partial


class PasswordForm(forms.Form):
    password = forms.CharField(help_text="Ten letters or more.")


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
    ],
)
def test_htmx_gets_the_part_and_everybody_else_the_page(headers, whole):
    response = render_page(given_request(**headers), TEMPLATE, {"form": PasswordForm()}, partial="form")

    assert (b"<!doctype html>" in response.content) == whole
    assert b'id="form"' in response.content
    assert "HX-Request" in response["Vary"]


def test_a_toast_travels_beside_the_partial():
    response = toast(HttpResponse(), "Counted 5 × 12", undo_url="/undo/")

    assert json.loads(response["HX-Trigger"])["toast"] == {
        "text": "Counted 5 × 12",
        "status": "completed",
        "undo": "/undo/",
    }


def test_after_a_redirect_the_next_page_says_what_happened():
    request = given_request()

    response = redirect_to(request, "/stock/", toast="RCP-1 is posted.", undo_url="/undo/")
    page = render_page(request, "404.html")

    assert (response.status_code, response.url) == (302, "/stock/")
    assert "RCP-1 is posted." in page.content.decode()
    assert 'action="/undo/"' in page.content.decode()


def test_with_htmx_the_browser_itself_goes_on():
    response = redirect_to(given_request(**{"HX-Request": "true"}), "/stock/")

    assert (response.status_code, response["HX-Redirect"]) == (200, "/stock/")


def test_what_waits_to_be_said_comes_with_a_partial_too():
    request = given_request(**{"HX-Request": "true"})
    redirect_to(request, "/stock/", toast="Saved.", level="recorded")

    response = render_page(request, TEMPLATE, {"form": PasswordForm()}, partial="form")

    assert json.loads(response["HX-Trigger"])["toast"]["text"] == "Saved."


# Forms


def test_a_field_is_linked_with_its_hint_and_its_error():
    form = PasswordForm({"password": ""})

    html = render_to_string("components/field.html", {"field": form["password"]})

    assert form_status(form) == 422
    assert 'aria-describedby="id_password_helptext id_password_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_password_error">This field is required.' in html
    assert html.count('class="input"') == 1


def test_broken_rules_stand_on_top_of_the_form_with_every_line():
    form = PasswordForm({"password": "x"})

    refuse(form, LinesRefused([LineError(3, "unknown_item", "HW-9 is unknown."), LineError(7, "held", "<held>")]))
    html = render_to_string("components/fields.html", {"form": form})

    assert form_status(form) == 422
    assert str(LinesRefused.text) in html
    assert 'data-code="unknown_item"' in html
    assert "&lt;held&gt;" in html


def test_a_plain_broken_rule_has_no_lines():
    form = PasswordForm({"password": "x"})

    refuse(form, DomainError())

    assert "Lines to correct" not in render_to_string("components/fields.html", {"form": form})


# Lists


class UnitFilter(django_filters.FilterSet):
    q = Find(field_name="code", lookup_expr="icontains", label="Code")
    first = Pick(method="only_first", label="First ten")
    letter = django_filters.ChoiceFilter(
        field_name="name", choices=[("A", "A"), ("B", "B")], widget=forms.RadioSelect, empty_label="All"
    )

    def only_first(self, queryset, name, value):
        return queryset.filter(code__lt="U010")


def given_units(number=120):
    UnitOfMeasure.objects.bulk_create(
        [UnitOfMeasure(code=f"U{n:03}", name="A" if n % 2 else "B") for n in range(number)]
    )


def given_listing(data=None, path="/units/", **options):
    options = {"columns": [Column("code", "Code"), Column("name", "Name")], "sort": "code", **options}
    units = UnitOfMeasure.objects.filter(code__startswith="U")
    return Listing(given_request(path, data), units, filterset=UnitFilter, **options)


def codes(listing):
    return [unit.code for unit in listing.rows]


@pytest.mark.django_db
def test_a_list_counts_once_and_reads_one_page(django_assert_num_queries):
    given_units()
    listing = given_listing({"page": "2"})

    with django_assert_num_queries(3):
        shown = (listing.first, listing.last, listing.total, codes(listing)[0], codes(listing)[-1])
        render_to_string("components/pages.html", {"listing": listing})

    assert shown == (51, 100, 120, "U050", "U099")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["1", "2", "3", "99", "0", "-1", "x", "9" * 40, "²", ""])
@pytest.mark.parametrize("sort", ["code", "-code", "name", "-name", "secret", "-", "name,code"])
def test_pages_of_any_order_are_the_slices_of_one_whole(page, sort):
    given_units(120)
    listing = given_listing({"page": page, "sort": sort})

    whole = list(listing.queryset.order_by(*listing.order))

    assert listing.rows == whole[listing.first - 1 : listing.last]
    assert len(listing.rows) in (50, 20)


@pytest.mark.django_db
def test_only_columns_of_the_list_sort_it():
    given_units(3)

    assert codes(given_listing({"sort": "-code"})) == ["U002", "U001", "U000"]
    assert given_listing({"sort": "pk"}).sort == "code"
    assert given_listing({"sort": "name__x"}).order == ["code", "pk"]


@pytest.mark.django_db
def test_an_order_may_be_an_expression():
    given_units(5)

    listing = given_listing({"sort": "-code", "page": "2"}, columns=[Column("code", "", (F("code").asc(),))], size=3)

    assert codes(listing) == ["U001", "U000"]


@pytest.mark.django_db
def test_rows_without_a_key_page_too():
    given_units(5)
    units = UnitOfMeasure.objects.filter(code__startswith="U").values("code")

    listing = Listing(given_request(), units, columns=[Column("code", "Code")], sort="code", size=2)

    assert listing.rows == [{"code": "U000"}, {"code": "U001"}]


@pytest.mark.django_db
def test_filters_keep_the_order_and_start_at_the_first_page():
    given_units()
    listing = given_listing({"q": "U00", "sort": "-code", "page": "1", "tab": "units", "letter": ""})

    headings = {heading.column.key: heading for heading in listing.headings}

    assert listing.total == 10
    assert listing.filtered
    assert listing.hidden == [("sort", "-code"), ("tab", "units")]
    assert headings["code"].sorted == "descending"
    assert headings["code"].url == "/units/?q=U00&sort=code&tab=units"
    assert listing.clear_url == "/units/?tab=units&sort=-code"


@pytest.mark.django_db
def test_a_pick_filters_when_ticked_and_is_silent_otherwise():
    given_units()

    assert given_listing({"first": "on"}).total == 10
    assert given_listing({"q": ""}).total == 120
    assert not given_listing({"q": ""}).filtered


@pytest.mark.django_db
def test_filters_are_drawn_with_counts_and_the_choice_of_the_address():
    given_units(2)
    listing = given_listing({"letter": "A"}, counts={"first": 10, "letter": {"A": 1200}})

    html = render_to_string("components/filters.html", {"listing": listing})

    assert 'type="search"' in html
    assert "<b>1,200</b>" in html
    assert 'value="A" checked' in html
    assert "<b>10</b>" in html


@pytest.mark.django_db
def test_an_empty_list_offers_to_clear_its_filters():
    listing = given_listing({"q": "nothing"})

    html = render_to_string("components/empty.html", {"listing": listing, "title": "No units yet"})

    assert not listing
    assert "Nothing matches these filters" in html
    assert "No units yet" not in html


# Tabs


@pytest.fixture
def places(monkeypatch):
    monkeypatch.setattr(tabs, "registered", type(tabs.registered)(dict))
    return tabs.registered


def given_tab(key, **details):
    view = lambda request, thing: ("components/note.html", {"status": "waiting", "text": f"{key} of {thing}"})  # noqa: E731
    tabs.register("shelf", tabs.Tab(key, key.capitalize(), view, **details))


def test_the_address_chooses_a_tab_and_the_first_is_the_default(places):
    given_tab("second", order=2)
    given_tab("first", order=1, count=lambda request, thing: 3)

    first = tabs.tabs_of(given_request("/shelf/"), "shelf", "S1")
    second = tabs.tabs_of(given_request("/shelf/", {"tab": "second"}), "shelf", "S1")

    assert "first of S1" in first.panel
    assert "second of S1" in second.panel
    assert [(head["url"], head["count"]) for head in first.heads] == [
        ("/shelf/?tab=first", 3),
        ("/shelf/?tab=second", None),
    ]


def test_a_tab_that_one_may_not_see_is_not_there(places):
    given_tab("open")
    given_tab("secret", permission="ledger.view_valueentry")

    shown = tabs.tabs_of(given_request("/shelf/", {"tab": "secret"}), "shelf", "S1")

    assert [head["key"] for head in tabs.tabs_of(given_request("/shelf/"), "shelf", "S1").heads] == ["open"]
    with pytest.raises(Http404):
        shown.chosen  # noqa: B018


# Navigation


@pytest.mark.django_db
def test_navigation_shows_what_one_may_open_and_where_one_is():
    navigation = Navigation()
    navigation.add(
        NavItem("Items", "items", "box", order=2, count=lambda request: 7), NavItem("Gone", "no-such-page", "box")
    )
    navigation.add(NavItem("Stock", "stock", "box", order=1, permission="warehouse.view_quant"))
    person, allowed = UserFactory(), UserFactory()
    allowed.user_permissions.add(Permission.objects.get(codename="view_quant"))

    seen = navigation.for_request(given_request("/items/HW-1/", user=person))
    more = navigation.for_request(given_request("/stock/", user=allowed))

    assert [(item.label, item.current, item.number) for item in seen] == [("Items", True, 7)]
    assert [(item.label, item.current) for item in more] == [("Stock", True), ("Items", False)]


# Words and figures


@pytest.mark.parametrize(
    ("value", "quantity", "signed"),
    [
        (None, "–", "–"),
        ("", "–", "–"),
        (Decimal("0.00000"), "0", "0"),
        (Decimal("-0.00"), "0", "0"),
        (Decimal("5.00000"), "5", "+5"),
        (Decimal("1E+3"), "1,000", "+1,000"),
        (Decimal("1234567.50000"), "1,234,567.5", "+1,234,567.5"),
        (Decimal("-3.25000"), "−3.25", "−3.25"),
        (Decimal("9999999999999.99999"), "9,999,999,999,999.99999", "+9,999,999,999,999.99999"),
        (12000, "12,000", "+12,000"),
        ("NaN", "–", "–"),
        ("word", "–", "–"),
    ],
)
def test_quantities_are_written_as_people_read_them(value, quantity, signed):
    assert (truecount.quantity(value), truecount.signed(value)) == (quantity, signed)


@pytest.mark.parametrize(
    ("value", "money", "signed"),
    [
        (Decimal("-615.5500"), "−€615.55", "−€615.55"),
        (Decimal("22.5"), "€22.50", "+€22.50"),
        (Decimal("-0.001"), "€0.00", "€0.00"),
        (Decimal("0.004"), "€0.00", "€0.00"),
        (None, "–", "–"),
    ],
)
def test_money_is_written_to_the_cent(value, money, signed):
    assert (truecount.money(value, "€"), truecount.signed_money(value, "€")) == (money, signed)


def test_what_expires_soon_is_bold_and_what_is_past_is_said():
    today = timezone.localdate()

    assert truecount.expiry(date(2099, 4, 30)) == "exp 30 Apr 2099"
    assert truecount.expiry(today + timedelta(days=60)).startswith("<b>exp ")
    assert not truecount.expiry(today + timedelta(days=61)).startswith("<b>")
    assert truecount.expiry(today).startswith("<b>exp ")
    assert truecount.expiry(today - timedelta(days=1)).startswith("<b>expired ")
    assert truecount.expiry(None) == ""


def test_a_moment_of_today_is_its_time():
    now = timezone.now()

    assert f">{timezone.localtime(now):%H:%M}</time>" in truecount.moment(now)
    assert ">1 Feb 2001</time>" in truecount.moment(now.replace(year=2001, month=2, day=1, hour=12))


def test_a_status_has_a_word_and_everything_is_escaped():
    assert rendered('{% chip "counted" %}') == '<span class="chip" data-status="counted">Counted</span>'
    assert rendered('{% chip "left_out" word %}', word="<b>") == (
        '<span class="chip" data-status="left_out">&lt;b&gt;</span>'
    )
    assert rendered("{{ tracking|kind }}", tracking="lot") == '<span class="kind">LOT</span>'
    assert rendered("{% sign number %}", number=Decimal(-3)) == "short"
    assert rendered('{% icon "scan" %}').endswith('icons.svg#scan"/></svg>')


# Login, theme, errors


def test_login_goes_on_to_where_one_wanted_to_be(client, db):
    person = UserFactory()
    person.set_password("a long secret")
    person.save()

    response = client.post("/login/?next=/items/", {"username": person.username, "password": "a long secret"})

    assert (response.status_code, response.url) == (302, "/items/")


def test_login_never_goes_on_to_a_stranger(client, db, settings):
    settings.LOGIN_REDIRECT_URL = "/stock/"
    person = UserFactory()
    person.set_password("a long secret")
    person.save()

    response = client.post(
        "/login/", {"username": person.username, "password": "a long secret", "next": "https://evil.example/"}
    )

    assert response.url == "/stock/"


def test_who_was_logged_out_meanwhile_gets_the_login_page_whole(client, db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/items/?q=bolt"}

    response = client.get("/login/?next=/items/", headers=headers)

    assert response["HX-Redirect"] == "/login/?next=%2Fitems%2F%3Fq%3Dbolt"


def test_five_wrong_passwords_lock_the_name_for_a_while(client, db):
    for _ in range(5):
        response = client.post("/login/", {"username": "lena", "password": "wrong"})

    assert response.status_code == 429
    assert "Too many wrong passwords" in response.content.decode()


@pytest.mark.parametrize(("chosen", "status"), [("dark", 302), ("light", 302), ("auto", 302), ("pink", 400)])
def test_the_theme_is_remembered_on_the_device(client, db, chosen, status):
    response = client.post("/theme/", {"theme": chosen}, headers={"Referer": "http://testserver/items/"})

    assert response.status_code == status
    if chosen in ("dark", "light"):
        assert f'data-theme="{chosen}"' in client.get("/login/").content.decode()


def test_no_page_carries_a_script_of_its_own(client, db):
    page = client.get("/login/").content.decode()

    assert "<script>" not in page
    assert "onclick" not in page


@pytest.mark.parametrize(
    ("address", "status"),
    [("/search/?q=A%00", 200), ("/ledger/items/?item=A%00", 404), ("/items/A%00/", 404), ("/counts/%00/", 404)],
)
def test_a_nul_in_an_address_names_nothing(client, db, address, status):
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(address).status_code == status


def test_an_unknown_address_is_said_kindly(client, db):
    client.force_login(UserFactory())

    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_the_page_of_a_failure_needs_nothing():
    html = render_to_string("500.html")

    assert "Something went wrong here" in html
    assert "htmx" not in html


def test_the_lock_page_stands_without_a_person():
    assert (
        "Truecount"
        in render_page(given_request(user=SimpleNamespace(is_authenticated=False)), "404.html").content.decode()
    )
