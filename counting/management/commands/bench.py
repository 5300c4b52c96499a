"""The count job, against the same work written by hand in SQL, in one run on one scratch database."""

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from counting.benchmark.run import machine, run
from counting.benchmark.unit_run import run_units


class Command(BaseCommand):
    help = (
        "Measure posting, opening, counting, reviewing and completing against hand-written SQL, on a scratch database."
    )

    def add_arguments(self, parser):
        parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000, 100_000], help="quants, and units")
        parser.add_argument("--only", choices=["quantities", "units"], help="leave the other count job out")
        parser.add_argument("--repeat", type=int, default=3, help="medians of so many runs")
        parser.add_argument("--counters", type=int, default=8, help="counters who save at the same time")

    def handle(self, *, sizes, repeat, counters, only, **options):
        settings.DEBUG = False  # as in production: no log of statements, no debug pages
        original = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            self.stdout.write(machine())
            if only != "units":
                run(sizes, repeat=repeat, counters=counters, out=self.stdout)
            if only != "quantities":
                run_units(sizes, repeat=repeat, out=self.stdout)
        finally:
            connection.creation.destroy_test_db(original, verbosity=0)
