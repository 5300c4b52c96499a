"""Load locations, bins, items and opening stock from CSV or XLSX files; what each file is shows in its header."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory_site.errors import DomainError
from ledger.imports import ImportPlan, apply_import, plan_import
from warehouse.models import User
from warehouse.spreadsheets import SourceFile


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--location",
            action="append",
            default=[],
            metavar="[FILE=]LOCATION",
            help="code or name of the location of stock files that do not say; for one of several files: FILE=LOCATION",
        )
        parser.add_argument(
            "--create-location",
            action="append",
            default=[],
            metavar="NAME",
            help="make this location, which bins name as their parent, although no file defines it",
        )
        parser.add_argument(
            "--by", metavar="USERNAME", help="who loads it: signs the documents, and is limited to their locations"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and write nothing")

    def handle(self, *, files, location, create_location, by, dry_run, **options):
        person = self.person(by)
        everywhere, by_file = self.locations(location, [path.name for path in files])
        plan = plan_import(
            [SourceFile(path.name, self.content(path)) for path in files],
            location=everywhere,
            locations=by_file,
            create_locations=create_location,
            by=person,
        )
        self.print_plan(plan)
        if plan.errors:
            raise CommandError(f"{len(plan.errors)} problems. Nothing was imported.")
        if dry_run or plan.nothing_new:
            self.stdout.write("Dry run: nothing was written." if dry_run else "All of this was imported before.")
            return
        try:
            registers = apply_import(plan, by=person, at=timezone.localdate(), progress=self.print_progress)
        except DomainError as refused:
            raise CommandError(str(refused)) from refused
        documents = ", ".join(register.number for register in registers)
        self.stdout.write(self.style.SUCCESS(f"Imported. {f'Posted as {documents}.' if documents else ''}"))

    def person(self, username):
        try:
            return User.objects.get(username=username) if username else None
        except User.DoesNotExist as error:
            raise CommandError(f"There is no user {username}.") from error

    def content(self, path):
        try:
            return path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error

    def locations(self, arguments, names):
        """The location of all files, and those of single ones."""
        pairs = [argument.partition("=") for argument in arguments]
        by_file = {name: location for name, equals, location in pairs if equals and name in names}
        everywhere = [argument for argument in arguments if argument.partition("=")[0] not in by_file]
        if len(everywhere) > 1:
            raise CommandError("Give one --location for all files, or --location FILE=LOCATION for each.")
        return "".join(everywhere), by_file

    def print_plan(self, plan: ImportPlan):
        for file in plan.files:
            self.stdout.write(f"{file.name}: {describe(file)}")
        for skipped in plan.skipped:
            self.stdout.write(f"skipped: {skipped.file}, row {skipped.row}: {skipped.what} ({skipped.why})")
        for name, bins in plan.unknown_locations.items():
            self.stdout.write(f'unknown location: {name} ({bins} bins). To make it: --create-location "{name}"')
        for error in plan.errors:
            self.stderr.write(str(error))
        self.stdout.write(f"to be created: {numbers(plan.created)}")
        self.stdout.write(f"there already: {numbers(plan.existing)}")
        self.stdout.write(f"opening stock: {plan.quantity.normalize():f} units, worth {plan.value:.2f}")

    def print_progress(self, step, done, total):
        self.stdout.write(f"{step}: {done} of {total} rows" if done else step)


def describe(file):
    words = [f"{file.kind.value if file.kind else 'unknown'}, {file.rows} rows"]
    if file.location:
        words.append(f"at {file.location}")
    if file.dates:
        words.append(f"dates read as {file.dates}")
    if file.loaded:
        words.append(f"loaded before as {', '.join(file.loaded)}")
    return ", ".join(words)


def numbers(counts):
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing"
