from .contents import BinContent
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
from .places import Bin, BinKind, BlockMovement, DefaultBins, Location, Zone
from .stock import BinHold, Quant
from .units import Unit, UnitKind, UnitState

__all__ = [
    "Bin",
    "BinContent",
    "BinHold",
    "BinKind",
    "BlockMovement",
    "Category",
    "DefaultBins",
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
