from django.core.management import BaseCommand, CommandError

from counting.reconciliation import LAWS, prove
from warehouse.models import Location


class Command(BaseCommand):
    help = "Prove the laws of the ledgers and of completed counts on the data. Exit code 1 where one is broken."

    def add_arguments(self, parser):
        parser.add_argument("--location", metavar="CODE", help="only the stock of this location")

    def handle(self, *, location, **options):
        broken = sum(self.show(proof) for proof in prove(location and named(location)))
        if broken:
            raise CommandError(f"{broken} findings.")
        self.stdout.write("All laws hold.")

    def show(self, proof):
        holds = "holds " if proof.holds else "BROKEN"
        self.stdout.write(f"{proof.law}  {holds}  {proof.looked_at:>11,} rows  {LAWS[proof.law]}")
        for finding in proof.findings:
            self.stdout.write(f"     {finding.subject}: {finding.says}")
        if proof.total > len(proof.findings):
            self.stdout.write(f"     ... {proof.total:,} in all")
        return proof.total


def named(code):
    location = Location.objects.filter(code=code).first()
    if location is None:
        raise CommandError(f"There is no location {code}.")
    return location
