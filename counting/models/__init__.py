from .activity import Activity, Deed
from .entries import CountEntry, EntryKind, PutAside
from .imports import CountImport, ImportRow, Outcome, Take
from .lines import CountLine, Decision
from .misplacements import Misplacement
from .requests import RecountRequest
from .sessions import TRANSITIONS, CountSession, Guard, Status, Uncounted, Undecided, WrongStatus

__all__ = [
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
    "Status",
    "Take",
    "Uncounted",
    "Undecided",
    "WrongStatus",
]
