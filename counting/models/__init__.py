from .activity import Activity, Deed
from .entries import CountEntry, EntryKind, PutAside
from .imports import CountImport, ImportRow, Outcome, Take
from .lines import CountLine, Decision
from .misplacements import Misplacement
from .requests import RecountRequest
from .sessions import (
    TRANSITIONS,
    CountSession,
    Guard,
    SomebodyElsesJournal,
    Status,
    Uncounted,
    Undecided,
    WrongStatus,
)
from .units import (
    POSTS,
    ScanKind,
    SearchState,
    SearchTask,
    Sighting,
    UnitDecision,
    UnitDifference,
    UnitScan,
    Verdict,
)

__all__ = [
    "POSTS",
    "TRANSITIONS",
    "Activity",
    "CountEntry",
    "CountImport",
    "CountLine",
    "CountSession",
    "Decision",
    "Deed",
    "EntryKind",
    "Guard",
    "ImportRow",
    "Misplacement",
    "Outcome",
    "PutAside",
    "RecountRequest",
    "ScanKind",
    "SearchState",
    "SearchTask",
    "Sighting",
    "SomebodyElsesJournal",
    "Status",
    "Take",
    "Uncounted",
    "Undecided",
    "UnitDecision",
    "UnitDifference",
    "UnitScan",
    "Verdict",
    "WrongStatus",
]
