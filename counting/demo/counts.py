"""Counts of the demonstration: some completed over the weeks, one in review, two being counted, one fresh."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import uuid5

from django.utils import timezone

from counting.completing import ask_to_complete, complete_session, digest
from counting.demo.building import with_check_digit
from counting.demo.working import Work, issue, part_of, receive, working_days
from counting.misplaced import move_misplaced, proposals
from counting.models import CountLine, CountSession, Guard, Undecided
from counting.opening import AllCountedElsewhere, NothingToCount, Scope, add_found_line, open_session
from counting.policies import DEFAULT, PRESETS, Policies
from counting.recording import Count, record_counts
from counting.review import accept, ask_recount, cancel, leave_out, mark_counted
from counting.setting_aside import put_aside
from ledger.models import Kind, Reason
from ledger.posting import Line
from warehouse.models import Bin, Item, Quant

OFF = 0.07  # of the lines that somebody counts
MISSING, FOUND = ("earlier-miscount", "missing", "damaged", "own-use"), ("earlier-miscount", "found", "data-error")
DEAR = Decimal(50)
DEAR_ITEMS = 15
UNKNOWN_CODE = with_check_digit("952999999999")


class Counting:
    """One session, told in steps. `at` is the time that people see; movements have the clock of the database."""

    def __init__(self, work: Work, session: CountSession, at: datetime):
        self.work, self.session, self.at = work, session, at

    @property
    def signed(self) -> dict:
        """Who reviews, and when."""
        return {"by": self.work.people["supervisor"], "at": self.at}

    def lines(self) -> list[CountLine]:
        return list(self.session.lines.with_names().in_walking_order())

    def count(self, lines: list[CountLine], *, by: str, off: float = OFF, begun: dict[int, int] | None = None) -> None:
        """In one go, as a person who sends what is on the device. `begun`: what the device was made with."""
        book = dict(Quant.objects.filter(count_lines__in=lines).values_list("pk", "quantity"))
        counts = [
            Count(
                line.pk,
                self.seen(book[line.quant_id], off),
                uuid5(self.session.request_id, f"{line.pk} {line.round}"),
                (begun or {}).get(line.pk),
            )
            for line in lines
        ]
        self.at += timedelta(minutes=len(counts))
        record_counts(self.session, counts, by=self.work.people[by], at=self.at)

    def seen(self, book: Decimal, off: float) -> Decimal:
        rng = self.work.rng
        if rng.random() >= off:
            return book
        missing = -rng.choice((1, 1, 2, 3, max(4, int(book / 10))))
        return max(Decimal(0), book + rng.choice((missing, missing, 1, 2, -missing)))

    def mark(self) -> None:
        self.at += timedelta(minutes=20)
        mark_counted(self.session, **self.signed)

    def recount_the_largest(self, *, by: str) -> None:
        largest = self.session.lines.off().largest_value_first().values_list("pk", flat=True)[:1]
        if not largest:
            return
        ask_recount(self.session, list(largest), why="The largest difference. Please look again.", **self.signed)
        self.session.refresh_from_db()
        again = [line for line in self.lines() if line.recount_asked]
        self.count(again, by=by, off=0.5)
        self.mark()

    def accept_all(self) -> None:
        self.accept(self.to_decide())

    def accept(self, lines: list[int]) -> None:
        for line in self.session.lines.filter(pk__in=lines).order_by("pk"):
            reasons = MISSING if line.discrepancy < 0 else FOUND
            reason = Reason.objects.get(code=self.work.rng.choice(reasons))
            accept(self.session, [line.pk], reason=reason, **self.signed)

    def to_decide(self) -> list[int]:
        """The largest value first."""
        return list(self.session.lines.to_decide().largest_value_first().values_list("pk", flat=True))

    def complete(self) -> None:
        self.session.refresh_from_db()
        self.at += timedelta(minutes=15)
        figures = digest(self.session)
        ask_to_complete(self.session, confirmed=figures, **self.signed)
        complete_session(self.session.pk)
        self.session.refresh_from_db()


def opened(
    work: Work,
    name: str,
    location,
    zones: str,
    places: slice,
    *,
    at: datetime,
    policies: Policies = DEFAULT.policies,
    **scope,
) -> Counting | None:
    """A count of some bins; None where a small warehouse has none of them."""
    bins = [bin for zone in zones for bin in work.warehouse.occupied.get((location.pk, zone), [])[places]]
    if not bins:
        return None
    places = Scope(bins=list(Bin.objects.filter(pk__in=bins).in_walking_order()), **scope)
    by, request_id = work.people["supervisor"], work.request_id()
    try:
        made = open_session(location, by=by, at=at, request_id=request_id, scope=places, policies=policies, name=name)
    except (NothingToCount, AllCountedElsewhere):
        return None
    return Counting(work, made.session, at)


def count_in_week(work: Work, week: int) -> None:
    """The counts that were completed, or cancelled, at the end of a week gone by."""
    step = COUNTS_OF_WEEK.get(week)
    if step:
        day = working_days(work, week)[-1]
        step(work, timezone.make_aware(datetime.combine(day, time(6, 30))))


def all_match(work, at):
    counting = opened(work, "Spot counts", work.warehouse.main, "A", slice(16, 22), at=at)
    if counting:
        counting.count(counting.lines(), by="counter", off=0)
        counting.mark()
        counting.complete()


def dry_food(work, at):
    """Two people, a recount of the largest difference, and reasons."""
    counting = opened(work, "Dry food, first racks", work.warehouse.main, "C", slice(0, 12), at=at)
    if counting:
        lines = counting.lines()
        counting.count(lines[::2], by="priya", off=0.12)
        counting.count(lines[1::2], by="counter", off=0.12)
        counting.mark()
        counting.recount_the_largest(by="tomasz")
        counting.accept_all()
        counting.complete()


def cancelled(work, at):
    counting = opened(work, "Spot count", work.warehouse.main, "B", slice(22, 24), at=at)
    if counting:
        counting.count(counting.lines()[:1], by="tomasz")
        cancel(counting.session, **counting.signed)


def cold_store(work, at):
    """Not all of it was counted, and one line is left out."""
    counting = opened(work, "Cold store before the audit", work.warehouse.main, "D", slice(0, 10), at=at)
    if counting:
        lines = counting.lines()
        counting.count(lines[: max(1, len(lines) * 4 // 5)], by="priya", off=0.15)
        counting.mark()
        leave_out(
            counting.session,
            counting.to_decide()[-1:],
            note="Stands on the truck, counted tomorrow",
            **counting.signed,
        )
        counting.accept_all()
        counting.complete()


def second_location(work, at):
    order = PRESETS["order"].policies
    counting = opened(work, "Marschweg, quarterly", work.warehouse.second, "AC", slice(0, 10), at=at, policies=order)
    if counting:
        counting.count(counting.lines(), by="marek", off=0.09)
        stand_elsewhere(work, counting, counting.lines(), by="marek")
        counting.mark()
        if proposals(counting.session)[0]:
            move_misplaced(counting.session, None, **counting.signed)
        counting.accept_all()
        counting.complete()


def electronics(work, at):
    counting = opened(work, "Electronics, first racks", work.warehouse.main, "B", slice(0, 10), at=at)
    if counting:
        counting.count(counting.lines(), by="jonas")
        counting.mark()
        counting.recount_the_largest(by="counter")
        counting.accept_all()
        counting.complete()


COUNTS_OF_WEEK = {2: all_match, 3: dry_food, 4: cancelled, 5: cold_store, 6: second_location, 7: electronics}


def open_counts(work: Work) -> None:
    """How it stands this morning."""
    week = work.today.isocalendar().week
    review_high_value(work)
    cycle_count(work, f"Week {week} cycle count")
    near_expiry(work)
    blind_stock_count(work)
    fresh(work)


def review_high_value(work):
    """Counted; some differences are decided, some are not; one line moved while it was being counted. What is not
    decided will be left."""
    left = Policies(undecided=Undecided.LEAVE)
    places = work.warehouse.main, "B", slice(10, 22)
    counting = opened(work, "Pre-audit, high value", *places, at=timezone.now(), policies=left)
    if not counting:
        return
    lines = counting.lines()
    begun = {line.pk: line.quant.last_entry for line in lines}
    take_from(work, lines[2:4], note="Order SO-8861")
    counting.count(lines[:-3], by="priya", off=0.2, begun=begun)
    book_late(work, counting)
    stand_elsewhere(work, counting, lines[5:-3], by="priya")
    counting.mark()
    to_decide = counting.to_decide()
    counting.accept(to_decide[: len(to_decide) // 2])


def stand_elsewhere(work, counting, lines, *, by):
    """Three of something stand in another bin than their own."""
    line = max(lines, key=lambda each: each.quant.quantity)
    bin = next((each.quant.bin for each in lines if each.quant.bin_id != line.quant.bin_id), None)
    if bin is None:
        return
    quant = line.quant
    found, _added = add_found_line(counting.session, bin=bin, item=quant.item, lot=quant.lot, variant=quant.variant)
    there = Quant.objects.get(pk=found.quant_id).quantity
    moved = min(Decimal(3), quant.quantity)
    counts = [(line.pk, quant.quantity - moved, "gone"), (found.pk, there + moved, "here")]
    record_counts(
        counting.session,
        [Count(pk, seen, uuid5(counting.session.request_id, f"misplaced, {what}")) for pk, seen, what in counts],
        by=work.people[by],
        at=counting.at,
    )


def book_late(work, counting):
    """What was missing from one line had been picked before the count, and is posted only now."""
    line = counting.session.lines.off().filter(discrepancy__lt=0, disturbed=False).with_names().first()
    if line and line.book_quantity + line.discrepancy >= 0:
        picked = line_of(line.quant, line.discrepancy)
        work.post(Kind.ISSUE, work.warehouse.main, [picked], by="priya", on=work.today, note="Order SO-8866")


def cycle_count(work, name):
    """Three people at it; goods come and go meanwhile, one scan was put aside, something was found."""
    counting = opened(work, name, work.warehouse.main, "A", slice(0, 16), at=timezone.now())
    if not counting:
        return
    lines = counting.lines()
    third = max(1, len(lines) // 4)
    counting.count(lines[:third], by="counter")
    issue(work, work.warehouse.main, work.today, lines=6)
    receive(work, work.warehouse.main, work.today, lines=3)
    begun = {line.pk: line.quant.last_entry for line in lines}
    take_from(work, [*lines[1:3], *lines[2 * third : 2 * third + 2], *lines[-2:]], note="Order SO-8870")
    counting.count(lines[third : 2 * third], by="jonas")
    counting.count(lines[2 * third : 3 * third], by="tomasz", off=0.15, begun=begun)
    find_something(work, counting, lines[0])


def find_something(work, counting, line):
    """An article that the book has elsewhere, and a code that nobody knows."""
    stranger = work.warehouse.articles["B"][0]
    if not (stranger.lot_pks or stranger.variant_pks):
        found, _added = add_found_line(counting.session, bin=line.quant.bin, item=Item.objects.get(pk=stranger.pk))
        record_counts(
            counting.session,
            [Count(found.pk, Decimal(2), uuid5(counting.session.request_id, "found"))],
            by=work.people["counter"],
            at=timezone.now(),
        )
    put_aside(
        counting.session,
        UNKNOWN_CODE,
        bin=line.quant.bin,
        by=work.people["jonas"],
        at=timezone.now(),
        client_id=uuid5(counting.session.request_id, "aside"),
        note="Label torn",
    )


def near_expiry(work):
    counting = opened(work, "Cold store, lots near expiry", work.warehouse.main, "D", slice(10, 20), at=timezone.now())
    if counting:
        lines = counting.lines()
        counting.count(lines[: max(1, len(lines) * 3 // 5)], by="priya", off=0.1)


def blind_stock_count(work):
    """At the other location: counters are shown no quantities there, and what they leave is taken as zero."""
    policies = replace(PRESETS["stock_count"].policies, blind=True)
    places = work.warehouse.second, "AC", slice(10, 20)
    counting = opened(work, "Marschweg, yearly stock count", *places, at=timezone.now(), policies=policies)
    if counting:
        lines = counting.lines()
        counting.count(lines[: max(1, len(lines) // 3)], by="marek")


def fresh(work):
    """Nobody has begun, and nothing moves there: what is dear is counted behind a barrier."""
    dear = sorted(work.warehouse.articles["B"], key=lambda article: -article.cost)[:DEAR_ITEMS]
    items = Item.objects.filter(pk__in=[article.pk for article in dear if article.cost > DEAR])
    if items:
        opened(
            work,
            "Electronics over €50",
            work.warehouse.main,
            "B",
            slice(24, None),
            at=timezone.now(),
            policies=Policies(guard=Guard.BLOCK),
            items=list(items),
        )


def take_from(work, lines, *, note):
    on_hand = dict(Quant.objects.filter(count_lines__in=lines).values_list("pk", "quantity"))
    goods = [
        line_of(line.quant, -part_of(work, on_hand[line.quant_id], 0.2)) for line in lines if on_hand[line.quant_id] > 1
    ]
    if goods:
        work.post(Kind.ISSUE, work.warehouse.main, goods, by="priya", on=work.today, note=note)


def line_of(quant: Quant, quantity: Decimal) -> Line:
    return Line(bin=quant.bin_id, item=quant.item_id, variant=quant.variant_id, lot=quant.lot_id, quantity=quantity)
