"""What both sides took, step by step, and the table of it: seconds, rows a second, ratio to the floor, statements."""

import math
import statistics
import time
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

BUDGET = 2.0


class Watch:
    def __init__(self):
        self.seconds, self.statements = {}, {}

    @contextmanager
    def step(self, *key):
        began = time.perf_counter()
        yield
        self.seconds.setdefault(key, []).append(time.perf_counter() - began)

    def timed(self, size, step, action):
        """A step of the product, with its statements."""
        with CaptureQueriesContext(connection) as queries, self.step(size, "product", step):
            action()
        self.statements[size, step] = len(queries)

    def median(self, *key):
        return statistics.median(self.seconds[key])


def table(watch, sizes, *, steps, job, of):
    """All `steps`, and those that are the count `job` added up: the budget is about these."""
    header = (
        f"{'step':10}"
        + "".join(f"{size:>12,} {'rows/s':>9} {'x floor':>8} {'stmts':>6}" for size in sizes)
        + f"{'exponent':>10}"
    )
    rows = [_row(watch, sizes, step) for step in steps]
    totals = {
        (size, side): sum(watch.median(size, side, step) for step in job)
        for size in sizes
        for side in ("product", "floor")
    }
    whole = f"{'count job':10}" + "".join(
        f"{totals[size, 'product']:>10.3f} s {size / totals[size, 'product']:>9,.0f} "
        f"{totals[size, 'product'] / totals[size, 'floor']:>8.2f} {'':>6}"
        for size in sizes
    )
    verdict = totals[sizes[-1], "product"] / totals[sizes[-1], "floor"]
    return "\n".join(
        [
            header,
            *rows,
            whole,
            f"count job ({', '.join(job)}) at {sizes[-1]:,} {of}: {verdict:.2f}x the floor (budget {BUDGET:.0f}x)",
        ]
    )


def _row(watch, sizes, step):
    cells = []
    for size in sizes:
        seconds = watch.median(size, "product", step)
        ratio = seconds / watch.median(size, "floor", step)
        cells.append(f"{seconds:>10.3f} s {size / seconds:>9,.0f} {ratio:>8.2f} {watch.statements[size, step]:>6}")
    return f"{step:10}" + "".join(cells) + f"{_exponent(watch, sizes, step):>10}"


def _exponent(watch, sizes, step):
    """How the time grows between the two largest sizes: 1 is in step with the size."""
    if len(sizes) < 2:
        return ""
    small, large = sizes[-2:]
    growth = watch.median(large, "product", step) / watch.median(small, "product", step)
    return f"{math.log(growth) / math.log(large / small):.2f}"
