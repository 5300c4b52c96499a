from .entries import ItemLedgerEntry, StockValue, ValueEntry, WarehouseEntry
from .imports import FileImport, ImportFile, ImportQuerySet, ImportStatus, StockImport
from .journals import EntryType, JournalBatch, JournalKind, JournalLine, StandardJournal, StandardJournalLine
from .registers import EFFECT_OF_KIND, POSTED_BY_COUNTS, Direction, Effect, Kind, Reason, Register

__all__ = [
    "EFFECT_OF_KIND",
    "POSTED_BY_COUNTS",
    "Direction",
    "Effect",
    "EntryType",
    "FileImport",
    "ImportFile",
    "ImportQuerySet",
    "ImportStatus",
    "ItemLedgerEntry",
    "JournalBatch",
    "JournalKind",
    "JournalLine",
    "Kind",
    "Reason",
    "Register",
    "StandardJournal",
    "StandardJournalLine",
    "StockImport",
    "StockValue",
    "ValueEntry",
    "WarehouseEntry",
]
