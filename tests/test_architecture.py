"""What holds for the code as a whole."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parent.parent
APPS = ["counting", "ledger", "warehouse", "inventory_site"]


def sources():
    for app in APPS:
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def test_nothing_imports_upward(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(cache_dir=None) == EXIT_STATUS_SUCCESS


def test_only_posting_writes_entries_and_what_lies_in_quants():
    """In the sources; in the database, triggers see to it."""
    tables = ("ledger_warehouseentry", "ledger_itemledgerentry", "ledger_valueentry", "ledger_stockvalue")
    writers = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for line in path.read_text().splitlines()
        if any(f"INSERT INTO {table}" in line or f"UPDATE {table}" in line for table in tables)
        or "UPDATE warehouse_quant" in line
    }
    assert writers == {"ledger/sql/writing.py"}


def test_no_signal_is_used_but_those_that_start_processes():
    listeners = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if "django.dispatch" in path.read_text() or "db.models.signals" in path.read_text()
    }
    assert listeners == set()


def test_no_transaction_begins_in_a_view():
    for path in sources():
        if "views" in path.parts or path.name.startswith("views"):
            assert "transaction.atomic" not in path.read_text(), path
