from .items import (
    Category,
    Item,
    ItemReference,
    ItemUnit,
    ItemVariant,
    Lot,
    Tracking,
    UnitOfMeasure,
)
from .people import LocationAssignment, User
from .places import Bin, BinKind, Location, Zone
from .stock import BinHold, Quant
from .units import Unit, UnitKind, UnitState

__all__ = [
    "Bin",
    "BinHold",
    "BinKind",
    "Category",
    "Item",
    "ItemReference",
    "ItemUnit",
    "ItemVariant",
    "Location",
    "LocationAssignment",
    "Lot",
    "Quant",
    "Tracking",
    "Unit",
    "UnitKind",
    "UnitOfMeasure",
    "UnitState",
    "User",
    "Zone",
]
