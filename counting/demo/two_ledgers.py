"""The outpost of the demonstration: a small directed location whose bins are ahead of its item ledger; and journals."""

from decimal import Decimal

from django.utils import timezone

from counting.demo.working import Work, working_days
from counting.opening import open_session
from counting.policies import PRESETS
from ledger.converting import convert_location
from ledger.journal_posting import post_batch
from ledger.journals import add_lines, open_batch
from ledger.models import EntryType, JournalKind, Kind, Reason
from ledger.posting import Line
from ledger.standard_journals import save_standard
from ledger.synchronising import synchronise
from warehouse.models import Bin, Location, LocationAssignment, Quant

BINS = 6
WEEK = 7  # in which it was made directed


def make_outpost(work: Work) -> Location:
    """With a little stock in no bin yet, as locations begin."""
    outpost = Location.objects.create(code="NT3", name="Nordtor")
    assigned = [LocationAssignment(user=person, location=outpost) for person in work.people.values()]
    LocationAssignment.objects.bulk_create(assigned)
    nowhere = outpost.bins.get(kind="implicit")
    articles = [place.article for place in work.warehouse.places if not place.lot and not place.variant][:BINS]
    lines = [
        Line(bin=nowhere.pk, item=article.pk, quantity=Decimal(24), unit_cost=article.cost)
        for article in dict.fromkeys(articles)
    ]
    work.post(Kind.OPENING, outpost, lines, by="admin", on=working_days(work, 1)[0], note="Opening stock")
    return outpost


def make_directed(work: Work, outpost: Location) -> None:
    """Converted, put into bins, synchronised once; since then something broke and something turned up."""
    day = working_days(work, WEEK)[0]
    convert_location(outpost, by=work.people["admin"], at=day, request_id=work.request_id(), wait=None)
    bins = [
        Bin.objects.create(location=outpost, code=f"N-01-{number:02}", walking_order=10 * number)
        for number in range(1, BINS + 1)
    ]
    waiting = Quant.objects.filter(location=outpost, virtual=True).order_by("item__number")
    stock = list(zip(bins, waiting.values_list("item", flat=True), strict=False))
    find(work, stock, Decimal(24), on=day, note="Put into bins")
    find(work, stock[:1], Decimal(-2), on=working_days(work, WEEK)[-1], note="Dropped at put-away")
    synchronise(outpost, by=work.people["supervisor"], at=working_days(work, WEEK)[-1], request_id=work.request_id())
    find(work, stock[1:2], Decimal(-3), on=work.today, note="Wet from the roof")
    find(work, stock[2:3], Decimal(2), on=work.today, note="Behind the rack")


def find(work: Work, stock: list[tuple[Bin, int]], quantity: Decimal, *, on, note: str) -> None:
    lines = [Line(bin=bin.pk, item=item, quantity=quantity) for bin, item in stock]
    if lines:
        work.post(Kind.WAREHOUSE_JOURNAL, stock[0][0].location, lines, by="supervisor", on=on, note=note)


def keep_journals(work: Work, outpost: Location) -> None:
    """One posted of items and one of lots, one that somebody is filling in, one that comes again every week; and a
    count that one person keeps as a journal."""
    main, marek, day = work.warehouse.main, work.people["marek"], working_days(work, WEEK)[-1]
    broken = Reason.objects.filter(direction="missing").order_by("code").first()
    stored = Quant.objects.filter(location=main, bin__kind="storage", quantity__gte=5).with_names().order_by("pk")
    loose = stored.filter(item__tracking="bulk", variant=None)[:3]
    typed = [typed_line(quant, EntryType.NEGATIVE, Decimal(1)) for quant in loose]
    head = {"location": main, "by": marek, "posting_date": day}
    if typed:
        breakage = open_batch(JournalKind.ITEM, name="Breakage", reason=broken, **head)
        add_lines(breakage, typed)
        save_standard(breakage, code="BREAKAGE", name="Weekly breakage", with_quantities=False, with_costs=False)
        post_batch(breakage, by=marek, request_id=breakage.request_id, wait=None)
        add_lines(open_batch(JournalKind.ITEM, name="Breakage, this week", reason=broken, **head), typed[:2])
    quant = stored.filter(lot__isnull=False).first()
    if quant:
        relabelled = open_batch(JournalKind.RECLASSIFICATION, name="Relabelled", **head)
        new = {"new_lot": f"{quant.lot.number}-B", "new_expiration_date": quant.lot.expiration_date}
        add_lines(relabelled, [typed_line(quant, EntryType.POSITIVE, Decimal(1)) | new])
        post_batch(relabelled, by=marek, request_id=relabelled.request_id, wait=None)
    open_session(
        outpost,
        by=work.people["supervisor"],
        at=timezone.now(),
        request_id=work.request_id(),
        policies=PRESETS["journal"].policies,
        name="Nordtor, month end",
    )


def typed_line(quant: Quant, entry_type: EntryType, quantity: Decimal) -> dict:
    return {
        "item": quant.item.number,
        "bin": quant.bin.code,
        "lot": quant.lot.number if quant.lot else "",
        "entry_type": entry_type,
        "quantity": quantity,
    }
