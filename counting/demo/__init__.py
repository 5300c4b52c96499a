"""A warehouse to try things in: generated, as large as one likes, and being worked in.

Everything is posted, counted and completed by the product's own verbs, so that the laws hold. The same seed on the same
day makes the same warehouse. `posted_at` is the clock of the database, as always; posting dates lie in the weeks past.
"""

from dataclasses import replace
from datetime import date
from itertools import chain
from random import Random

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from counting.demo.building import build, opening_lines
from counting.demo.counts import count_in_week, open_counts
from counting.demo.people import make_people
from counting.demo.tool_counts import count_tools_in_week, open_tool_counts
from counting.demo.tool_room import Tool, a_week_in_the_tool_room, make_tool_rooms, make_tools, opening_units
from counting.demo.two_ledgers import keep_journals, make_directed, make_outpost
from counting.demo.working import WEEKS, Work, find_quants, work_a_week, working_days
from inventory_site.errors import DomainError
from ledger.models import Kind
from ledger.posting import lock_locations
from warehouse.models import Location

FEWEST = 24  # so that every zone of both locations has some


class AlreadyLoaded(DomainError):
    code, text = "already_loaded", _("This database holds the demonstration already.")


@transaction.atomic
def load_demo(
    quants: int = 2000,
    seed: int = 1,
    stdout=None,
    *,
    passwords: dict[str, str] | None = None,
    today: date | None = None,
) -> None:
    """Make the demonstration warehouse: all of it, or nothing. `passwords` by username; without one nobody logs in.

    A few more quants than asked for come of the work that is done in it.
    """
    if Location.objects.filter(code="LH1").exists():
        raise AlreadyLoaded()
    today = today or timezone.localdate()
    tell = stdout.write if stdout else lambda words: None
    quants = max(quants, FEWEST)
    warehouse = build(quants, seed, today)
    locations = [warehouse.main, warehouse.second]
    people = make_people(locations, passwords)
    lock_locations(location.pk for location in locations)
    work = Work(warehouse, people, today, seed, Random(f"{seed} working"))  # noqa: S311
    in_tool_room = replace(work, rng=Random(f"{seed} tool room"))  # noqa: S311
    tools = make_tools()
    make_tool_rooms(warehouse)
    tell("  opening stock ...")
    open_stock(work, quants, tools)
    tell(f"  {WEEKS} weeks of work and counts ...")
    for week in range(1, WEEKS + 1):
        work_a_week(work, week)
        a_week_in_the_tool_room(in_tool_room, tools, week)
        count_in_week(work, week)
        count_tools_in_week(in_tool_room, week)
    open_counts(work)
    open_tool_counts(in_tool_room, tools)
    at_outpost = replace(work, rng=Random(f"{seed} outpost"))  # noqa: S311
    outpost = make_outpost(at_outpost)
    make_directed(at_outpost, outpost)
    keep_journals(at_outpost, outpost)


def open_stock(work: Work, quants: int, tools: list[Tool]) -> None:
    rng = Random(f"{work.seed} opening")  # noqa: S311
    for location in (work.warehouse.main, work.warehouse.second):
        lines = opening_lines(work.warehouse, location, quants, rng)
        units = opening_units(work.warehouse, tools, location, rng)
        work.post(
            Kind.OPENING, location, chain(lines, units), by="admin", on=working_days(work, 1)[0], note="Opening stock"
        )
        tidy_up()
    work.quants = find_quants(work.warehouse.places)


def tidy_up() -> None:
    """After a large document in a transaction that goes on: its emptied stage would be read by each one after it."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD TEMP")
        cursor.execute("ANALYZE warehouse_quant, warehouse_bin, warehouse_item, warehouse_lot")
        cursor.execute("ANALYZE ledger_warehouseentry, ledger_itemledgerentry, ledger_valueentry, ledger_stockvalue")
