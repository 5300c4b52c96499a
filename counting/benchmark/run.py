"""Runs both sides of the count job in turn and prints what they took."""

import os
import platform
import resource
import statistics
import threading
import time
from decimal import Decimal
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from counting.benchmark.counters import saves_of
from counting.benchmark.floor import Floor
from counting.benchmark.product import Product, counted, vacuum
from counting.benchmark.watch import Watch, table
from counting.completing import ask_to_complete, complete_session, digest
from counting.models import CountLine
from counting.review import mark_counted

STEPS = ["post", "open", "enter", "complete"]
JOB = STEPS[1:]  # what the budget is about: the stock is there already
ONE_BY_ONE = 400  # single counts that are timed on one connection


def run(sizes, *, repeat, counters, out):
    watch = Watch()
    singles, review, longest_wait = {}, {}, {}
    for quants in sizes:
        for turn in range(repeat):
            _job(watch, quants, singles if turn == repeat - 1 else {}, review)
        out.write(f"{quants:,} quants measured")
    longest_wait = _wait_while_completing(max(sizes))
    out.write(table(watch, sizes, steps=STEPS, job=JOB, of="quants"))
    quants = max(sizes)
    one, floor_one = (statistics.median(singles[quants, side]) * 1000 for side in ("product", "floor"))
    out.write(
        f"\none count, one connection: {one:.2f} ms in the verb, {floor_one:.2f} ms as one SQL statement: "
        f"{one / floor_one:.1f}x (budget 3x)"
    )
    p50, p95 = saves_of(counters, quants=quants)
    out.write(
        f"one count, {counters} counters who save once a second, whole request: {p50:.1f} ms median, {p95:.1f} ms p95 "
        "(budget 15 and 50)"
    )
    for size in sizes:
        out.write(f"review page at {size:,} lines: {statistics.median(review[size]) * 1000:.0f} ms (budget 300)")
    out.write(f"longest wait of a one-line posting while {quants:,} lines complete: {longest_wait:.2f} s")
    out.write(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _job(watch, quants, singles, review):
    """Both sides, step by step in turn, so that what else the machine does meets both."""
    product, floor = Product(), Floor()
    product.prepare(quants)
    floor.prepare()
    open_both(watch, quants, product, floor)
    counts = {side: _counts(side.lines()) for side in (floor, product)}
    _one_by_one(singles, quants, product, floor)
    with watch.step(quants, "floor", "enter"):
        floor.enter(counts[floor])
    watch.timed(quants, "enter", lambda: product.enter(counts[product]))
    review.setdefault(quants, []).extend(pages_of_review(product))
    complete_both(watch, quants, product, floor)
    wrong, adjusted = product.check()
    if (wrong, adjusted) != (0, quants // 10):
        raise RuntimeError(f"{wrong} lines wrong, {adjusted} adjusted")


def open_both(watch, size, product, floor):
    """Receive what is to be counted, and open the count."""
    vacuum()
    with watch.step(size, "floor", "post"):
        floor.post(product.rows())
    watch.timed(size, "post", product.post)
    vacuum()
    with watch.step(size, "floor", "open"):
        floor.open()
    watch.timed(size, "open", product.open)


def pages_of_review(product):
    """What the page of the review takes, three times."""
    product.review()
    for _ in range(3):
        began = time.perf_counter()
        product.review_page()
        yield time.perf_counter() - began


def complete_both(watch, size, product, floor):
    with watch.step(size, "floor", "complete"):
        floor.complete()
    watch.timed(size, "complete", product.complete)


def _counts(lines):
    return [(line, counted(position, expected), uuid4()) for position, (line, expected) in enumerate(lines)]


def _one_by_one(singles, quants, product, floor):
    lines = CountLine.objects.in_bulk([pk for pk, _ in product.lines()[:ONE_BY_ONE]]).values()
    for position, (line, (floor_line, _)) in enumerate(zip(lines, floor.lines(), strict=False)):
        for side, action in (
            ("product", lambda: product.enter_one(line, Decimal(position))),  # noqa: B023
            ("floor", lambda: floor.enter_one(floor_line, Decimal(position))),  # noqa: B023
        ):
            began = time.perf_counter()
            action()
            singles.setdefault((quants, side), []).append(time.perf_counter() - began)


def _wait_while_completing(quants):
    """Somebody receives one piece over and over while a count of the whole location completes."""
    product = Product()
    product.prepare(quants)
    product.post()
    product.open()
    product.enter(_counts(product.lines()))
    mark_counted(product.session, by=product.user, at=timezone.now())
    ask_to_complete(product.session, by=product.user, at=timezone.now(), confirmed=digest(product.session))
    done, waits = threading.Event(), []

    def receive():
        while not done.is_set():
            began = time.perf_counter()
            product.post_one()
            waits.append(time.perf_counter() - began)
        connection.close()

    thread = threading.Thread(target=receive)
    thread.start()
    complete_session(product.session.pk)
    done.set()
    thread.join()
    return max(waits)


def machine():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return (
        f"{timezone.localdate()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"PostgreSQL {version}, load {os.getloadavg()[0]:.1f}"
    )
