import time

from django.core.management import BaseCommand, CommandError

from counting.demo import AlreadyLoaded, load_demo
from counting.demo.people import PEOPLE


class Command(BaseCommand):
    help = "Load the demonstration warehouse into this database, without starting anything."

    def add_arguments(self, parser):
        parser.add_argument("--quants", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same warehouse")
        parser.add_argument("--password", help="of all the people; without it nobody can log in")

    def handle(self, *, quants, seed, password, **options):
        begun = time.monotonic()
        try:
            load_demo(quants, seed, self.stdout, passwords=password and dict.fromkeys(PEOPLE, password))
        except AlreadyLoaded as error:
            raise CommandError(error.messages[0]) from error
        self.stdout.write(f"{quants:,} quants in {time.monotonic() - begun:.0f} seconds.")
