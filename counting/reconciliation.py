"""What a completed count says never changes, and is what was posted; what it guards is held. And all laws together,
once a night."""

from collections.abc import Iterator
from dataclasses import asdict

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from counting.models import CountEntry, CountLine, CountSession, UnitDifference, UnitScan
from counting.sql import reconciling as sql
from ledger import reconciliation as ledger
from ledger.reconciliation import Check, Proof, guards
from warehouse.models import Location

LAWS = ledger.LAWS | {
    6: _("A completed count never changes, and its document posted what its lines say."),
    8: _("What a count guards is held, as long as it guards, and nothing else is."),
}
LAST_RESULT = "reconciliation"


def checks() -> list[Check]:
    return [
        Check(
            law=6,
            looked=sql.LINES_AND_STATUS,
            named=sql.LINE_NAMED,
            says=_("The count is %(status)s, but this line does not fit: open is %(open)s."),
        ),
        Check(
            law=6,
            looked=sql.ADJUSTMENTS_AND_ENTRIES,
            named=sql.ADJUSTED_NAMED,
            says=_("The line says an adjustment of %(adjustment)s, the document posted %(quantity)s."),
        ),
        Check(
            law=6,
            looked=sql.LINES_AND_UNITS,
            named=sql.ADJUSTED_NAMED,
            says=_("The line says an adjustment of %(adjustment)s, its units make %(quantity)s."),
        ),
        Check(
            law=6,
            looked=sql.UNITS_AND_ENTRIES,
            named=sql.UNIT_POSTED_NAMED,
            says=_("The count says %(adjustment)s of this unit there, the document posted %(quantity)s."),
        ),
        Check(
            law=6,
            looked=sql.ADJUSTMENT_DOCUMENTS,
            named=sql.DOCUMENT_NAMED,
            says=_("The document names the count %(source)s; the completed count that names it is %(session)s."),
        ),
        guards(6, CountSession, CountLine, CountEntry, UnitScan, UnitDifference),
        Check(
            law=8,
            looked=sql.HOLDS_AND_GUARDS,
            named=sql.HOLD_NAMED,
            says=_("Held by %(held_by)s: %(held)s. A count of that number guards it: %(guarded)s."),
        ),
    ]


def prove(location: Location | None = None) -> Iterator[Proof]:
    """One proof for each of the eight laws."""
    return ledger.prove(location, by=[*ledger.checks(), *checks()])


def remember(proofs: list[Proof]) -> dict:
    """Keep how it went, for the overview; return it."""
    result = {
        "at": timezone.now().isoformat(),
        "holds": all(proof.holds for proof in proofs),
        "total": sum(proof.total for proof in proofs),
        "findings": [asdict(finding) for proof in proofs for finding in proof.findings][:20],
    }
    cache.set(LAST_RESULT, result, timeout=None)
    return result


def last_result() -> dict | None:
    """How the last nightly run went; None where nobody remembers. A convenience: the log has all of them."""
    return cache.get(LAST_RESULT)
