"""Runs both sides of a count of units in turn and prints what they took, a burst by itself, and the review page."""

import statistics
import time

from counting.benchmark.product import vacuum
from counting.benchmark.run import complete_both, open_both, pages_of_review
from counting.benchmark.unit_floor import UnitFloor
from counting.benchmark.units import UNITS_IN_A_BIN, UnitProduct
from counting.benchmark.watch import Watch, table

STEPS = ["post", "open", "scan", "differ", "complete"]
JOB = STEPS[1:]


def run_units(sizes, *, repeat, out):
    """`sizes` in units; fewer than two bins full of them are left out."""
    sizes = [size for size in sizes if size >= 2 * UNITS_IN_A_BIN]
    if not sizes:
        return
    watch, bursts, review = Watch(), {}, {}
    for units in sizes:
        for _ in range(repeat):
            _job(watch, units, bursts, review)
        out.write(f"{units:,} units measured")
    out.write(table(watch, sizes, steps=STEPS, job=JOB, of="units"))
    for size in sizes:
        ours, floor = (statistics.median(bursts[size, side]) * 1000 for side in ("product", "floor"))
        out.write(
            f"one burst of {UNITS_IN_A_BIN:,} tags among {size:,} units: {ours:.0f} ms, "
            f"{floor:.0f} ms in plain SQL: {ours / floor:.1f}x"
        )
        out.write(f"review page with {size // 50:,} units that differ: {statistics.median(review[size]) * 1000:.0f} ms")


def _job(watch, units, bursts, review):
    """Both sides, step by step in turn, so that what else the machine does meets both."""
    product, floor = UnitProduct(), UnitFloor()
    product.prepare(units)
    floor.prepare(product)
    open_both(watch, units, product, floor)
    read = product.bursts()
    with watch.step(units, "floor", "scan"):
        _scan_all(floor, read, bursts.setdefault((units, "floor"), []))
    watch.timed(units, "scan", lambda: _scan_all(product, read, bursts.setdefault((units, "product"), [])))
    vacuum()
    with watch.step(units, "floor", "differ"):
        differing = floor.differing()
    watch.timed(units, "differ", product.differing)
    review.setdefault(units, []).extend(pages_of_review(product))
    complete_both(watch, units, product, floor)
    found = product.check()
    if found != (0, units // 100, units // 100) or differing != units // 50:
        raise RuntimeError(f"{differing} units differ; wrong, moved and written off: {found}")


def _scan_all(side, read, took):
    for bin, codes, client_id in read:
        began = time.perf_counter()
        side.scan(bin, codes, client_id)
        took.append(time.perf_counter() - began)
