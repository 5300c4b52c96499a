"""Policies of a count: what becomes of what nobody counts or decides, and whether goods move meanwhile. Presets
name the combinations that other systems know."""

from dataclasses import asdict, dataclass

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from counting.models import CountSession, Guard, Uncounted, Undecided
from inventory_site.errors import DomainError


class BlindExpects(DomainError):
    code = "blind_expects"
    text = _("A blind count cannot begin with what the books say, nor end with it. Choose one of the two.")


@dataclass(frozen=True, kw_only=True)
class Policies:
    uncounted: Uncounted = Uncounted.SKIP
    guard: Guard = Guard.NONE
    undecided: Undecided = Undecided.POST
    blind: bool = False
    journal: bool = False

    def check(self) -> None:
        """Raises BlindExpects."""
        if self.blind and (self.journal or self.uncounted == Uncounted.EXPECTED):
            raise BlindExpects()

    @classmethod
    def of(cls, session: CountSession) -> "Policies":
        return cls(**{name: getattr(session, name) for name in cls.__dataclass_fields__})

    def as_fields(self) -> dict:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Preset:
    key: str
    name: str | Promise
    explanation: str | Promise
    policies: Policies


PRESETS = {
    preset.key: preset
    for preset in (
        Preset(
            key="session",
            name=_("Session"),
            explanation=_(
                "Count as much as you get to. Lines that nobody counts stay as they are, goods keep moving, and what "
                "differs is posted unless a reviewer leaves it out."
            ),
            policies=Policies(),
        ),
        Preset(
            key="stock_count",
            name=_("Stock count"),
            explanation=_(
                "Count all of it. A supervisor ends the counting: what nobody counted is then taken as zero, after a "
                "warning, and nothing moves from the review until the adjustments are posted."
            ),
            policies=Policies(uncounted=Uncounted.ZERO, guard=Guard.FREEZE),
        ),
        Preset(
            key="order",
            name=_("Order"),
            explanation=_(
                "Every line must be counted before the review can begin. Goods keep moving, and what differs is posted "
                "unless a reviewer leaves it out."
            ),
            policies=Policies(uncounted=Uncounted.REQUIRED),
        ),
        Preset(
            key="journal",
            name=_("Journal"),
            explanation=_(
                "You enter it alone, in a table that begins with what the books say: change what differs. What you do "
                "not touch counts as found as expected."
            ),
            policies=Policies(uncounted=Uncounted.EXPECTED, journal=True),
        ),
    )
}
DEFAULT = PRESETS["session"]


def in_words(policies: Policies) -> list[dict]:
    """The policies as facts for a page; what no preset has is a fact only where it was chosen."""
    preset = preset_of(policies)
    facts = [
        (_("Way of counting"), preset.name if preset else _("a combination of its own")),
        (_("Movements meanwhile"), Guard(policies.guard).label),
        (_("Lines that nobody counts"), Uncounted(policies.uncounted).label),
    ]
    if policies.undecided != DEFAULT.policies.undecided:
        facts.append((_("Discrepancies that nobody decides"), Undecided(policies.undecided).label))
    if policies.blind:
        facts.append((_("Quantities shown to counters"), _("none: a blind count")))
    return [{"label": label, "value": capfirst(value)} for label, value in facts]


def preset_of(policies: Policies) -> Preset | None:
    """The preset that is exactly this combination, however blind; None: a combination of somebody's own."""
    return next((preset for preset in PRESETS.values() if _alike(preset.policies, policies)), None)


def _alike(some, others):
    return asdict(some) | {"blind": None} == asdict(others) | {"blind": None}
