"""Options of the columns that hold quantities and money: written once, so that sums never need a cast."""

QUANTITY = {"max_digits": 18, "decimal_places": 5}
MONEY = {"max_digits": 18, "decimal_places": 4}
UNIT_COST = {"max_digits": 18, "decimal_places": 6}
