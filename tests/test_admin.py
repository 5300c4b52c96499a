"""The admin site: what it shows to whom, and that it can do nothing which the verbs do not allow."""

from uuid import uuid4

import pytest
from django.apps import apps as django_apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from counting.models import Activity, CountEntry, CountLine, CountSession, PutAside, SearchTask, Status
from ledger.journals import add_lines, open_batch
from ledger.models import (
    ItemLedgerEntry,
    JournalBatch,
    JournalKind,
    JournalLine,
    Reason,
    Register,
    StandardJournal,
    StockImport,
    StockValue,
    ValueEntry,
    WarehouseEntry,
)
from tests.counting.given import complete, count, given_line, given_search, mark_counted
from tests.factories import (
    BinContentFactory,
    BinFactory,
    CategoryFactory,
    LocationFactory,
    LotFactory,
    SerialItemFactory,
    UserFactory,
    ZoneFactory,
    given_stock,
    given_units,
    move,
)
from warehouse.models import Bin, BinHold, Item, ItemReference, ItemUnit, ItemVariant, Location, Quant, Unit, User, Zone

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LEDGERS = [
    Register, WarehouseEntry, ItemLedgerEntry, ValueEntry, StockValue, StockImport, Quant, BinHold,
    CountSession, CountLine, CountEntry, PutAside, Activity, Unit, SearchTask,
    JournalBatch, JournalLine, StandardJournal,
]  # fmt: skip


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def given_everything(location=None):
    """At least one row of all that the site shows, at this location."""
    location = location or LocationFactory()
    bin = BinFactory(location=location, zone=ZoneFactory(location=location))
    line = count(given_line(10, bin=bin, lot=LotFactory()), 7)
    complete(line.session)
    item = line.quant.item
    item.category = CategoryFactory(parent=CategoryFactory())
    item.save(update_fields=["category"])
    variant = ItemVariant.objects.create(item=item, code="RED")
    ItemUnit.objects.create(item=item, unit_of_measure=item.base_unit, quantity_per=12)
    ItemReference.objects.create(item=item, variant=variant, unit_of_measure=item.base_unit, code="4006381333931")
    by = UserFactory(locations=[location])
    PutAside.objects.create(session=line.session, bin=bin, code="???", by=by, at=timezone.now(), client_id=uuid4())
    BinHold.objects.create(bin=bin, item=item, held_by="SC-1")
    BinContentFactory(bin=bin, item=item, variant=variant)
    StockImport.objects.create(requested_by=by)
    journal = open_batch(JournalKind.ITEM, name="Breakage", location=location, by=by, posting_date=timezone.localdate())
    add_lines(journal, [{"item": item.number}])
    StandardJournal.objects.get_or_create(kind=JournalKind.ITEM, code="BREAKAGE")
    given_search(given_units(bin, SerialItemFactory(), ["D100"])[0], session=line.session)
    return line


def given_schedules():
    interval = IntervalSchedule.objects.create(every=5, period="minutes")
    PeriodicTask.objects.create(name="often", task="counting.tasks.pick_up_completions", interval=interval)
    CrontabSchedule.objects.create()
    ClockedSchedule.objects.create(clocked_time=timezone.now())
    SolarSchedule.objects.create(event="sunset", latitude=53, longitude=10)


def given_member(name, *locations):
    person = UserFactory(locations=locations, is_staff=True)
    person.groups.add(Group.objects.get(name=name))
    return person


@pytest.fixture
def as_administrator(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def status(response):
    return response.status_code


def test_an_administrator_opens_every_page(as_administrator):
    given_everything()
    given_schedules()

    for model in MODELS:
        row = model._default_manager.first()
        assert row is not None, model
        assert status(as_administrator.get(page(model, "changelist"))) == 200, model
        assert status(as_administrator.get(page(model, "changelist"), {"q": "x"})) == 200, model
        assert status(as_administrator.get(page(model, "change", row.pk))) == 200, model
        assert status(as_administrator.get(page(model, "add"))) == (403 if model in LEDGERS else 200), model


def test_more_rows_cost_no_more_queries(as_administrator):
    given_everything()
    given_schedules()
    as_administrator.get("/admin/")  # the first request of a login writes down when it was
    few = {model: queries_of_list(as_administrator, model) for model in MODELS}

    for _ in range(3):
        given_everything()

    assert {model: queries_of_list(as_administrator, model) for model in MODELS} == few


def queries_of_list(client, model):
    with CaptureQueriesContext(connection) as queries:
        client.get(page(model, "changelist"))
    return len(queries)


def test_ledgers_are_neither_added_to_nor_changed_nor_deleted(as_administrator):
    given_everything()

    for model in LEDGERS:
        row = model._default_manager.first()
        assert status(as_administrator.post(page(model, "add"), {})) == 403, model
        assert status(as_administrator.post(page(model, "change", row.pk), {"quantity": 1})) == 403, model
        assert status(as_administrator.post(page(model, "delete", row.pk), {"post": "yes"})) == 403, model
        assert "delete_selected" not in as_administrator.get(page(model, "changelist")).content.decode(), model


PLACED = [
    model for model in MODELS
    if getattr(admin.site._registry[model], "location_paths", ()) and model is not User
]  # fmt: skip


@pytest.mark.parametrize("group", ["Supervisor", "Auditor"])
def test_people_see_only_their_own_locations(client, group):
    mine = given_everything().session.location
    given_everything()
    client.force_login(given_member(group, mine))
    request = client.get("/admin/").wsgi_request

    for model in PLACED:
        page_of = admin.site._registry[model]
        seen = page_of.get_queryset(request)
        strange = model._default_manager.exclude(pk__in=seen.values("pk")).first()
        assert seen.exists(), model
        assert strange is not None, model
        if page_of.has_view_permission(request):
            assert status(client.get(page(model, "change", strange.pk))) == 302, model
    assert set(admin.site._registry[Location].get_queryset(request)) == {mine}


def test_a_supervisor_sees_the_people_of_their_locations(client):
    here = LocationFactory()
    supervisor, colleague = given_member("Supervisor", here), UserFactory(locations=[here])
    UserFactory(locations=[LocationFactory()])
    client.force_login(supervisor)

    people = admin.site._registry[User].get_queryset(client.get("/admin/").wsgi_request)

    assert set(people) == {supervisor, colleague}


def test_a_supervisor_cannot_put_a_bin_at_another_location(client):
    here, elsewhere = LocationFactory(), LocationFactory()
    client.force_login(given_member("Supervisor", here))
    bin = {"code": "A-01-01", "kind": "storage", "walking_order": 1, "zone": ""}

    refused = client.post(page(Bin, "add"), bin | {"location": elsewhere.pk})
    made = client.post(page(Bin, "add"), bin | {"location": here.pk})

    assert refused.status_code == 200
    assert made.status_code == 302
    assert Bin.objects.get(code="A-01-01").location == here


def test_autocompletes_offer_what_the_person_may_see(client):
    here = LocationFactory(name="Here")
    LocationFactory(name="Elsewhere")
    client.force_login(given_member("Supervisor", here))

    offered = client.get(
        "/admin/autocomplete/", {"app_label": "warehouse", "model_name": "bin", "field_name": "location", "term": ""}
    ).json()["results"]

    assert [choice["text"] for choice in offered] == [str(here)]


def test_who_may_change_people_cannot_make_themselves_mighty(client):
    here = LocationFactory()
    keeper = given_member("Supervisor", here)
    keeper.user_permissions.add(Permission.objects.get(codename="change_user"))
    mighty = UserFactory(locations=[here], is_superuser=True)
    client.force_login(keeper)

    fields = client.get(page(User, "change", keeper.pk)).context["adminform"].form.fields
    assert not {"is_superuser", "is_staff", "groups", "user_permissions"} & set(fields)
    assert client.post(page(User, "change", mighty.pk), {"username": "weak"}).status_code == 403


def test_a_counter_has_no_business_in_the_admin_site(client):
    client.force_login(UserFactory())

    assert client.get("/admin/").status_code == 302


def test_the_tracking_of_an_item_with_stock_or_units_is_shown_not_edited(as_administrator):
    stocked, fresh, known = given_stock(3).item, given_stock().item, SerialItemFactory()
    Unit.objects.create(item=known, kind="serial", code="A-1", serial_number="A-1")

    def editable(item):
        return as_administrator.get(page(Item, "change", item.pk)).context["adminform"].form.fields

    assert "tracking" not in editable(stocked)
    assert "tracking" not in editable(known)
    assert "tracking" in editable(fresh)


def test_an_item_is_made_with_its_units_and_codes(as_administrator):
    unit = given_stock().item.base_unit

    response = as_administrator.post(
        page(Item, "add"),
        {
            "number": "HW-1042", "name": "Butt hinge 75 mm", "description": "", "category": "", "base_unit": unit.pk,
            "tracking": "bulk", "unit_cost": "1.84",
            "variants-TOTAL_FORMS": 0, "variants-INITIAL_FORMS": 0,
            "units-TOTAL_FORMS": 1, "units-INITIAL_FORMS": 0, "units-0-unit_of_measure": unit.pk,
            "units-0-quantity_per": 12,
            "references-TOTAL_FORMS": 1, "references-INITIAL_FORMS": 0, "references-0-code": "4006381333931",
        },
    )  # fmt: skip

    assert response.status_code == 302
    item = Item.objects.get(number="HW-1042")
    assert item.units.get().quantity_per == 12
    assert item.references.get().code == "4006381333931"


def test_a_bin_stays_at_its_location_and_nobody_makes_a_second_implicit_one(as_administrator):
    bin = BinFactory()
    implicit = bin.location.bins.get(kind="implicit")

    def form(model_page):
        return as_administrator.get(model_page).context["adminform"].form.fields

    changeable = {"zone", "code", "name", "kind", "walking_order", "dedicated", "block_movement"}
    assert set(form(page(Bin, "change", bin.pk))) == changeable
    assert "kind" not in form(page(Bin, "change", implicit.pk))
    assert dict(form(page(Bin, "add"))["kind"].choices).keys() == {"storage", "receiving", "dispatch", "transit"}


def test_a_bin_lies_in_a_zone_of_its_location(as_administrator):
    bin, zone = BinFactory(), ZoneFactory(location=LocationFactory())
    said = {"code": bin.code, "kind": "storage", "walking_order": 0, "name": "", "zone": zone.pk}

    response = as_administrator.post(page(Bin, "change", bin.pk), said)

    assert response.context["adminform"].form.errors.as_data()["zone"][0].code == "zone_elsewhere"
    bin.refresh_from_db()
    assert bin.zone is None


def test_a_person_is_made_with_locations(as_administrator):
    here = LocationFactory()
    made = as_administrator.post(
        page(User, "add"),
        {
            "username": "ama", "usable_password": "true", "password1": "wal-nuss-46", "password2": "wal-nuss-46",
            "assignments-TOTAL_FORMS": 1, "assignments-INITIAL_FORMS": 0, "assignments-0-location": here.pk,
        },
    )  # fmt: skip

    assert made.status_code == 302
    ama = User.objects.get(username="ama")
    assert ama.check_password("wal-nuss-46")
    assert ama.locations.get() == here


def act(client, action, *sessions):
    return client.post(
        page(CountSession, "changelist"), {"action": action, "_selected_action": [session.pk for session in sessions]}
    )


def test_a_count_is_marked_reopened_and_cancelled_by_its_verbs(client):
    line = count(given_line(10), 7)
    supervisor = given_member("Supervisor", line.session.location)
    client.force_login(supervisor)

    statuses = []
    for action in ("mark_counted", "reopen", "cancel"):
        response = act(client, action, line.session)
        assert said(response)[-1].startswith(f"{line.session.number}: ")
        line.session.refresh_from_db()
        statuses.append(line.session.status)

    assert statuses == [Status.COUNTED, Status.DRAFT, Status.CANCELLED]
    assert line.session.ended_by == supervisor
    assert not CountLine.objects.open().exists()


def test_each_count_is_reported_on_its_own(as_administrator):
    blank, counted = given_line(10), count(given_line(10), 7)

    response = act(as_administrator, "mark_counted", blank.session, counted.session)

    refused, done = said(response)
    assert refused.startswith(f"{blank.session.number}: No line of {blank.session.number} is counted yet.")
    assert done == f"{counted.session.number}: counted, ready for review."


def test_completing_asks_with_the_figures_of_now(as_administrator):
    line = count(given_line(10), 7)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())

    [message] = said(act(as_administrator, "ask_to_complete", line.session))

    line.session.refresh_from_db()
    assert line.session.is_posting
    assert message == f"{line.session.number}: being completed, 1 line to adjust, value −7.50."


def test_completing_a_disturbed_count_says_what_is_in_the_way(as_administrator):
    line = count(given_line(10), 7, begun=1)
    mark_counted(line.session, by=UserFactory(), at=timezone.now())

    [message] = said(act(as_administrator, "ask_to_complete", line.session))

    line.session.refresh_from_db()
    assert not line.session.is_posting
    assert "stock moved while it was being counted" in message


def test_who_may_only_look_has_no_actions(client):
    line = count(given_line(10), 7)
    client.force_login(given_member("Auditor", line.session.location))

    act(client, "mark_counted", line.session)

    line.session.refresh_from_db()
    assert line.session.status == Status.DRAFT
    assert "mark_counted" not in client.get(page(CountSession, "changelist")).content.decode()


def test_a_reason_that_documents_carry_keeps_its_effect(as_administrator):
    reason = Reason.objects.get(code="damaged")

    def fields():
        return as_administrator.get(page(Reason, "change", reason.pk)).context["adminform"].form.fields

    assert "effect" in fields()

    move(given_stock(3), -1, reason=reason)

    assert "effect" not in fields()


def test_a_zone_is_chosen_among_those_of_the_own_locations(client):
    here = LocationFactory()
    mine, strange = ZoneFactory(location=here), ZoneFactory()
    client.force_login(given_member("Supervisor", here))

    request = client.get("/admin/").wsgi_request
    zones = admin.site._registry[Bin].get_field_queryset(None, Bin._meta.get_field("zone"), request)

    assert mine in zones
    assert strange not in zones
    assert set(Zone.objects.all()) == {mine, strange}


def test_long_lists_are_not_counted_to_the_end():
    rows = Item.objects.all()
    paginator = admin.site._registry[Item].paginator(rows, 2)

    with CaptureQueriesContext(connection) as queries:
        assert paginator.count == 0

    assert "LIMIT 200" in queries[0]["sql"]


def test_a_planner_keeps_the_schedules(client):
    given_schedules()
    client.force_login(given_member("Planner", LocationFactory()))
    task = PeriodicTask.objects.get(name="often")

    assert client.get(page(PeriodicTask, "change", task.pk)).status_code == 200
    assert "counting.tasks.reconcile_all" in client.get(page(PeriodicTask, "add")).content.decode()


# What each group may do here: v view, a add, c change, d delete.

MAY = """
                             Supervisor  Planner  Auditor
    auth.Group                   -           -        v
    counting.Activity            v           v        v
    counting.CountEntry          v           v        v
    counting.CountLine           v           v        v
    counting.CountSession        v           v        v
    counting.PutAside            v           v        v
    counting.SearchTask          v           v        v
    django_celery_beat.ClockedSchedule   -   vacd     v
    django_celery_beat.CrontabSchedule   -   vacd     v
    django_celery_beat.IntervalSchedule  -   vacd     v
    django_celery_beat.PeriodicTask      -   vacd     v
    django_celery_beat.SolarSchedule     -   -        v
    ledger.ItemLedgerEntry       v           v        v
    ledger.JournalBatch          v           v        v
    ledger.JournalLine           v           v        v
    ledger.Reason                v           v        v
    ledger.Register              v           v        v
    ledger.StandardJournal       v           v        v
    ledger.StockImport           v           -        v
    ledger.StockValue            v           v        v
    ledger.ValueEntry            v           v        v
    ledger.WarehouseEntry        v           v        v
    warehouse.Bin                vac         v        v
    warehouse.BinContent         vac         v        v
    warehouse.BinHold            v           v        v
    warehouse.Category           vac         v        v
    warehouse.Item               vac         v        v
    warehouse.ItemVariant        vac         v        v
    warehouse.Location           v           v        v
    warehouse.Lot                vac         v        v
    warehouse.Quant              v           v        v
    warehouse.Unit               v           v        v
    warehouse.UnitOfMeasure      vac         v        v
    warehouse.User               v           -        v
    warehouse.Zone               vac         v        v
"""
HEAD, *ROWS = (row.split() for row in MAY.splitlines() if row.strip())
ACTIONS = {"v": "view", "a": "add", "c": "change", "d": "delete"}


def test_each_group_may_do_here_what_the_table_says_and_no_more(rf):
    people = {group: UserFactory(is_staff=True) for group in HEAD}
    for group, person in people.items():
        person.groups.add(Group.objects.get(name=group))

    assert {model: [what_may(person, model, rf) for person in people.values()] for model in MODELS} == {
        django_apps.get_model(label): allowed for label, *allowed in ROWS
    }


def what_may(person, model, rf):
    request = rf.get("/")
    request.user = person
    page = admin.site._registry[model]
    return (
        "".join(letter for letter, action in ACTIONS.items() if getattr(page, f"has_{action}_permission")(request))
        or "-"
    )
