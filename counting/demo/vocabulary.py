"""The words that the names of items are composed of: a trade in hardware, electronics, dry and chilled food.

And the makes in its tool room, whose units are numbered one by one.
"""

from dataclasses import dataclass

from warehouse.models import Tracking

ZONES = {"A": "Hardware", "B": "Electronics", "C": "Dry food", "D": "Cold store"}
SHARE_OF_ZONE = {"A": 0.5, "B": 0.2, "C": 0.22, "D": 0.08}

UNITS_OF_MEASURE = {
    "each": "each",
    "pair": "pair",
    "pack": "pack",
    "bag": "bag",
    "roll": "roll",
    "m": "metre",
    "kg": "kilogram",
    "box": "box",
    "carton": "carton",
    "tray": "tray",
}

BRANDS = (
    "Halvar", "Nordkant", "Ostrup", "Velling", "Kranich", "Dornholt", "Liskow", "Grevenau", "Sandau", "Tessin & Co",
    "Mohrhof", "Ellerbrook", "Finkwerk", "Rodenbek", "Wittmoor", "Brahmsee",
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Items of one kind: every choice of words makes a name. `life` in days makes it an item tracked by lot."""

    prefix: str
    category: str
    name: str
    words: tuple[tuple[str, ...], ...]
    cost: tuple[float, float]
    unit: str = "each"
    packs: tuple[tuple[str, int], ...] = ()
    life: int | None = None
    variants: tuple[str, ...] = ()

    @property
    def is_lot(self):
        return self.life is not None


def words(*choices: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(choice.split("|")) for choice in choices)


FINISH = "zinc|stainless A2|stainless A4|black|brass"
COLOUR = "clear|white|grey|black|brown"

FAMILIES = {
    "A": [
        Family("HW", "Fasteners", "Hex bolt {} {}, bag of {}",
               words("M6×30|M6×50|M8×40|M8×60|M8×80|M10×50|M10×80|M12×60|M12×100|M16×80", FINISH, "10|50|100"),
               (2, 19), unit="bag", packs=(("box", 20),)),
        Family("HW", "Fasteners", "Wood screw {} {}, box of {}",
               words("3×20|3.5×30|4×40|4×50|5×60|5×80|6×100|6×120", FINISH, "100|200|500"),
               (3, 16), unit="pack", packs=(("box", 12),)),
        Family("HW", "Fasteners", "Washer {} {}, bag of 100",
               words("M5|M6|M8|M10|M12|M16", FINISH),
               (1, 6), unit="bag", packs=(("box", 40),)),
        Family("HW", "Fasteners", "Wall plug {}, bag of {}",
               words("5 mm|6 mm|8 mm|10 mm|12 mm", "25|50|100"),
               (1, 7), unit="bag", packs=(("box", 24),)),
        Family("HW", "Fasteners", "Wire nail {} {}, bag of 1 kg",
               words("1.8×35|2.2×45|2.8×65|3.4×90|4.2×110", "bright|galvanised"),
               (3, 6), unit="bag", packs=(("box", 10),)),
        Family("HW", "Fittings", "Butt hinge {}, {}",
               words("50 mm|63 mm|75 mm|100 mm|125 mm", "steel|brass|stainless"),
               (0.8, 6), packs=(("box", 24),)),
        Family("HW", "Fittings", "Shelf bracket {}, {}",
               words("100×125|150×200|200×250|250×300|300×350", "white|black|raw"),
               (0.9, 5), packs=(("box", 20),)),
        Family("HW", "Fittings", "Castor {}, {}",
               words("50 mm|75 mm|100 mm|125 mm", "fixed|swivel|swivel with brake"),
               (2.5, 14), packs=(("box", 16),)),
        Family("HW", "Locks", "Padlock {}, {}",
               words("30 mm|40 mm|50 mm|60 mm", "keyed alike|keyed to differ|four digits"),
               (3, 15), packs=(("box", 12),)),
        Family("HW", "Locks", "Profile cylinder {}, {} keys",
               words("30/30|30/35|35/35|35/40|40/45", "3|5"),
               (9, 36), packs=(("box", 10),)),
        Family("HW", "Adhesives and sealants", "Silicone sealant {}, {}",
               words("100 ml|310 ml|600 ml", COLOUR),
               (2.5, 8), packs=(("box", 12), ("carton", 48)), life=540),
        Family("HW", "Adhesives and sealants", "Two-part epoxy {}, {}",
               words("25 ml|50 ml|400 ml", "5 minutes|60 minutes"),
               (4, 13), packs=(("box", 6),), life=720),
        Family("HW", "Adhesives and sealants", "Assembly foam {}, {}",
               words("500 ml|750 ml", "winter|all seasons|fire rated"),
               (4, 12), packs=(("box", 12),), life=450),
        Family("HW", "Adhesives and sealants", "Wood glue D{}, {}",
               words("2|3|4", "250 g|500 g|1 kg|5 kg"),
               (2, 21), packs=(("box", 12),), life=630),
        Family("HW", "Paint", "Acrylic paint {}, {}",
               words("375 ml|750 ml|2.5 l", "satin|gloss|matt"),
               (6, 34), packs=(("box", 6),), life=900, variants=("White", "Ivory", "Anthracite", "Signal red")),
        Family("TL", "Hand tools", "Torque wrench {} Nm",
               words("5–25|20–100|40–200|60–300"),
               (54, 165)),
        Family("TL", "Hand tools", "Combination spanner {}",
               words("8 mm|10 mm|13 mm|17 mm|19 mm|22 mm|24 mm"),
               (3, 14), packs=(("box", 10),)),
        Family("TL", "Hand tools", "{} hammer {}",
               words("Claw|Club|Joiner's|Rubber", "300 g|500 g|800 g|1000 g"),
               (6, 22), packs=(("box", 6),)),
        Family("TL", "Hand tools", "Tape measure {}, {}",
               words("3 m|5 m|8 m|10 m", "class II|magnetic hook"),
               (3, 17), packs=(("box", 12),)),
        Family("TL", "Hand tools", "Drill bit {}, {}",
               words("3 mm|4 mm|5 mm|6 mm|8 mm|10 mm|12 mm", "metal|wood|masonry"),
               (1, 9), packs=(("box", 10),)),
        Family("HW", "Workwear", "Work gloves, {}, pair",
               words("size 8|size 9|size 10|size 11"),
               (2.5, 6), unit="pair", packs=(("pack", 12), ("carton", 120))),
        Family("HW", "Workwear", "Work trousers, {}",
               words("grey|navy|black"),
               (24, 46), variants=("S", "M", "L", "XL")),
        Family("HW", "Ropes and chains", "Polypropylene rope {}, {}",
               words("6 mm|8 mm|10 mm|12 mm", "white|orange"),
               (0.3, 1.1), unit="m", packs=(("roll", 100),)),
    ],
    "B": [
        Family("EL", "Batteries", "{} cell, {}, {}",
               words("AA|AAA|C|D|9 V", "alkaline|lithium", "2-pack|4-pack|10-pack"),
               (1.6, 14), unit="pack", packs=(("box", 12),)),
        Family("EL", "Lighting", "LED work light {} W{}",
               words("10|20|30|50|100", "|, tripod|, rechargeable"),
               (11, 79), packs=(("box", 4),)),
        Family("EL", "Lighting", "LED lamp {} {} K, {}",
               words("E14|E27|GU10", "2700|4000|6500", "470 lm|806 lm|1521 lm"),
               (1.9, 7), packs=(("box", 10),)),
        Family("EL", "Power tools", "Cordless drill {} V, {}",
               words("12|18|36", "bare|2 batteries, case"),
               (58, 229)),
        Family("EL", "Power tools", "{} {} W",
               words("Angle grinder|Jigsaw|Orbital sander", "500|720|1050"),
               (46, 145)),
        Family("EL", "Installation", "Cable NYM-J {}",
               words("3×1.5|3×2.5|5×1.5|5×2.5"),
               (0.6, 2.4), unit="m", packs=(("roll", 50),)),
        Family("EL", "Installation", "{} switch, {}",
               words("One-way|Two-way|Cross|Push", "white|aluminium|anthracite"),
               (2.2, 9), packs=(("box", 10),)),
        Family("EL", "Installation", "Socket outlet {}, {}",
               words("single|double|with USB", "white|aluminium|anthracite"),
               (2.4, 19), packs=(("box", 10),)),
        Family("EL", "Installation", "Extension lead {}, {}",
               words("1.5 m|3 m|5 m|10 m|25 m", "3-way|6-way|outdoor"),
               (5, 42), packs=(("box", 8),)),
        Family("EL", "Network", "Patch cable Cat {}, {}",
               words("6|6A|8.1", "0.5 m|1 m|2 m|5 m|10 m"),
               (1.2, 11), packs=(("box", 20),)),
    ],
    "C": [
        Family("FD", "Coffee and tea", "{} {}",
               words("Ground coffee|Whole bean coffee|Decaf coffee", "250 g|500 g|1 kg"),
               (3, 13), unit="pack", packs=(("carton", 12),), life=420),
        Family("FD", "Coffee and tea", "{} tea, {} bags",
               words("Black|Green|Peppermint|Rooibos|Fennel", "20|50|100"),
               (1.1, 5), unit="pack", packs=(("carton", 12),), life=720),
        Family("FD", "Oils and vinegar", "{} {}",
               words("Olive oil|Sunflower oil|Rapeseed oil|Apple vinegar", "500 ml|1 l|5 l"),
               (1.2, 29), packs=(("carton", 6),), life=500),
        Family("FD", "Tins and jars", "Tinned {} {}",
               words("tomatoes|chick peas|kidney beans|sweet corn|lentils|peaches", "400 g|800 g|2.5 kg"),
               (0.6, 5), packs=(("tray", 12), ("carton", 24)), life=900),
        Family("FD", "Pasta and grains", "{} {}",
               words("Spaghetti|Penne|Fusilli|Basmati rice|Risotto rice|Couscous|Bulgur", "500 g|1 kg|5 kg"),
               (0.8, 9), unit="pack", packs=(("carton", 12),), life=720),
        Family("FD", "Baking", "{} {}",
               words("Wheat flour 405|Wheat flour 550|Rye flour|Cane sugar|Icing sugar", "1 kg|5 kg|25 kg"),
               (0.7, 17), unit="bag", packs=(("carton", 10),), life=360),
        Family("FD", "Sweets and snacks", "{} {}",
               words("Oat biscuits|Dark chocolate|Milk chocolate|Salted pretzels|Roasted almonds", "100 g|200 g|500 g"),
               (0.8, 7), unit="pack", packs=(("carton", 20),), life=270),
        Family("FD", "Household", "{} {}",
               words("Kitchen roll|Paper napkins|Baking paper|Foil", "2-pack|4-pack|bulk"),
               (1.2, 11), unit="pack", packs=(("carton", 8),)),
    ],
    "D": [
        Family("CS", "Dairy", "{} {}",
               words("UHT milk 3.5 %|UHT milk 1.5 %|Cream 32 %|Butter|Yoghurt, plain", "250 g|500 g|1 kg"),
               (0.6, 9), packs=(("tray", 12),), life=75),
        Family("CS", "Cheese", "{}, {}",
               words("Gouda|Tilsit|Emmental|Mountain cheese", "young|mature|old"),
               (6, 19), unit="kg", life=110),
        Family("CS", "Frozen", "Frozen {} {}",
               words("peas|spinach|raspberries|mixed vegetables|bread rolls", "1 kg|2.5 kg"),
               (1.5, 9), unit="pack", packs=(("carton", 10),), life=540),
        Family("CS", "Delicatessen", "{} {}",
               words("Olives in brine|Feta|Hummus|Pesto, chilled", "200 g|1 kg"),
               (1.2, 8), packs=(("tray", 10),), life=60),
    ],
}  # fmt: skip

TOOL_ROOM, TOOL_ROOM_NAME = "T", "Tool room"


@dataclass(frozen=True)
class Make:
    """A serialized item. `code` is how its units are numbered, from `first` on; in a tag that is the serial number.

    One with a `maker_code` gets its numbers from us: this is how its manufacturer numbers some of them.
    """

    number: str
    name: str
    category: str
    cost: float
    units: int
    code: str
    first: int
    tracking: Tracking = Tracking.SERIAL
    maker_code: str = ""


MAKES = (
    Make("PT-CD18", "Cordless drill 18 V, brushless, in case", "Numbered tools", 129, 36, "CD18-26-{}", 2201),
    Make("PT-AG125", "Angle grinder 125 mm, brushless", "Numbered tools", 98.5, 30, "AG125-26-{}", 1140),
    Make("PT-RH40", "Rotary hammer SDS-max, 8 J", "Numbered tools", 412, 18, "RH40-25-0{}", 318),
    Make("MT-LL3", "Cross-line laser 3 × 360°", "Measuring devices", 269, 20, "LL3-26-0{}", 771),
    Make("MT-MM7", "Multimeter, true RMS, calibrated", "Measuring devices", 84, 24, "MM7-K{}", 51020),
    Make("HR-HG23", "Heat gun 2300 W, for hire", "For hire", 61, 20, "{}", 1000, maker_code="WX{}"),
    Make("SF-HN2", "Safety harness, two-point", "Safety at heights", 74, 40, "{}", 260117, Tracking.RFID),
    Make("SF-LY1", "Lanyard with shock absorber, 2 m", "Safety at heights", 39, 60, "{}", 58801, Tracking.RFID),
    Make("DV-TB8", "Rugged tablet 8 inch", "Devices", 540, 16, "TB8-{}A", 2601, Tracking.RFID),
)
