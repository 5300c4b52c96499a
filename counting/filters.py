"""Filters of the lists of counts and of their lines; the address is their state."""

import django_filters
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from counting.models import CountLine, CountSession, ImportRow, Outcome, Uncounted
from inventory_site.listing import Find, Pick
from warehouse.filters import OwnLocation, PlaceFilters
from warehouse.models import Unit, Zone

STAGES = [
    ("", _("All")),
    ("counting", _("Counting")),
    ("review", _("To review")),
    ("completed", _("Completed")),
    ("cancelled", _("Cancelled")),
]

STATES = [("uncounted", _("Not counted")), ("counted", _("Counted")), ("recount", _("Recount"))]
JUDGED = [("off", _("Differs")), ("matched", _("Match")), ("added", _("Found items"))]
OPEN_TO_ZERO = [("moved", _("Moved, not counted")), ("zeroed", _("Taken as zero"))]

SHOWN = [
    ("todo", _("To decide")),
    ("disturbed", _("Moved under the count")),
    ("recount", _("Out for recount")),
    ("accepted", _("Accepted")),
    ("left-out", _("Left out")),
    ("added", _("Found items")),
    ("units", _("Serials and tags")),
    ("superseded", _("Superseded")),
    ("problems", _("In the way")),
    ("aside", _("Put aside")),
    ("uncounted", _("Not counted")),
    ("zeroed", _("Taken as zero")),
    ("matched", _("Matches")),
    ("unverified", _("Not verified")),
]

SORTS = [("value", _("Largest value first")), ("walk", _("Walking order")), ("item", _("Item"))]


class SearchFilter(PlaceFilters):
    q = Find(method="find", label=_("Last characters of a code"))
    stage = django_filters.ChoiceFilter(
        choices=[("overdue", _("Overdue")), ("mine", _("Mine")), ("nobody", _("Nobody's")), ("ended", _("Ended"))],
        widget=forms.RadioSelect,
        method="in_stage",
        label=_("Searches"),
        empty_label=_("Going on"),
    )
    location = OwnLocation(field_name="session__location")

    def filter_queryset(self, searches):
        stage = self.form.cleaned_data.get("stage")
        return super().filter_queryset(searches.ended() if stage == "ended" else searches.going_on())

    def find(self, searches, _name, text):
        return searches.filter(unit__in=Unit.objects.matching(text))

    def in_stage(self, searches, _name, stage):
        if stage == "overdue":
            return searches.overdue(timezone.localdate())
        people = {"mine": self.request.user.pk, "nobody": None}
        return searches.filter(assigned_to=people[stage]) if stage in people else searches


class SessionFilter(django_filters.FilterSet):
    q = Find(method="find", label=_("Number, name or location"))
    mine = Pick(method="only_mine", label=_("Opened by me"))
    stage = django_filters.CharFilter(method="in_stage", widget=forms.HiddenInput)

    class Meta:
        model = CountSession
        fields = []

    def find(self, sessions, _name, text):
        return sessions.matching(text)

    def only_mine(self, sessions, _name, _value):
        return sessions.filter(opened_by=self.request.user.pk)

    def in_stage(self, sessions, _name, stage):
        return sessions.in_stage(stage)


class LineFilter(django_filters.FilterSet):
    """Of the page of one count; people who may not see what differs are not offered it."""

    q = Find(method="find", label=_("Bin, item or lot"))
    state = django_filters.ChoiceFilter(
        method="in_state", choices=STATES, widget=forms.RadioSelect, empty_label=_("All"), label=_("State")
    )
    zone = django_filters.ModelChoiceFilter(
        field_name="quant__bin__zone", queryset=Zone.objects.none(), empty_label=_("All zones"), label=_("Zone")
    )

    class Meta:
        model = CountLine
        fields = []

    def __init__(self, *args, session, judged, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session
        self.filters["zone"].queryset = session.location.zones.all()
        if judged:
            zeros = OPEN_TO_ZERO if session.uncounted == Uncounted.ZERO else []
            self.filters["state"].extra["choices"] = STATES + JUDGED + zeros

    def find(self, lines, _name, text):
        return lines.matching(text)

    def in_state(self, lines, _name, state):
        return lines.in_state(state)


class ReviewFilter(django_filters.FilterSet):
    show = django_filters.ChoiceFilter(
        method="only", choices=SHOWN, widget=forms.RadioSelect, empty_label=_("All that differs"), label=_("Show")
    )
    q = Find(method="find", label=_("Bin, item or lot"))
    sort = django_filters.ChoiceFilter(method="sorted_elsewhere", choices=SORTS, empty_label=None, label=_("Sort"))

    class Meta:
        model = CountLine
        fields = []

    def __init__(self, data, *args, session, numbers, corrected=(), odd=(), **kwargs):
        """`numbers` of lines of each kind: what there is none of is not offered, unless it was asked for. `odd`: lines
        with units that differ."""
        super().__init__(data, *args, **kwargs)
        self.session, self.corrected, self.odd = session, corrected, odd
        offered = {"todo", data.get("show")} | {show for show, lines in numbers.items() if lines}
        self.filters["show"].extra["choices"] = [(show, label) for show, label in SHOWN if show in offered]

    def filter_queryset(self, lines):
        lines = super().filter_queryset(lines)
        return lines if self.form.cleaned_data.get("show") else lines.notable(self.corrected)

    def only(self, lines, _name, show):
        return {
            "todo": lambda: lines.to_decide(self.corrected),
            "disturbed": lines.disturbed,
            "recount": lines.recount_asked,
            "accepted": lines.accepted,
            "left-out": lines.left_out,
            "added": lines.added,
            "units": lambda: lines.filter(pk__in=list(self.odd)),
            "superseded": lambda: lines.settled_since(self.session),
            "problems": lambda: lines.in_the_way(self.session),
            "aside": lines.none,
            "uncounted": lines.uncounted,
            "zeroed": lines.zeroed,
            "matched": lines.matched,
            "unverified": lines.unverified,
        }[show]()

    def find(self, lines, _name, text):
        return lines.matching(text)

    def sorted_elsewhere(self, lines, _name, _sort):
        return lines


class CountsOfFilter(django_filters.FilterSet):
    """Of the tab of an item or a bin; people who may not see what differs are not offered it."""

    state = django_filters.ChoiceFilter(
        method="in_state",
        choices=STATES[1:2],
        widget=forms.RadioSelect,
        empty_label=_("All"),
        label=_("State"),
    )

    class Meta:
        model = CountLine
        fields = []

    def __init__(self, *args, judged, **kwargs):
        super().__init__(*args, **kwargs)
        if judged:
            self.filters["state"].extra["choices"] = [*STATES[1:2], *JUDGED[:1]]

    def in_state(self, lines, _name, state):
        return lines.in_state(state)


class ImportRowFilter(django_filters.FilterSet):
    """Offers what there is, and what the address asks for."""

    outcome = django_filters.ChoiceFilter(
        choices=Outcome, widget=forms.RadioSelect, empty_label=_("All"), label=_("What happens")
    )

    class Meta:
        model = ImportRow
        fields = []

    def __init__(self, data, *args, outcomes, **kwargs):
        super().__init__(data, *args, **kwargs)
        offered = {*outcomes, (data or {}).get("outcome")}
        self.filters["outcome"].extra["choices"] = [choice for choice in Outcome.choices if choice[0] in offered]
