"""Forms clean what people typed into scopes, quantities and figures; they know no workflow."""

from decimal import Decimal
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from counting.completing import Digest
from counting.history import deeds_shown, people_in
from counting.models import Guard, Uncounted, Undecided
from counting.noting import NothingWritten
from counting.opening import Scope
from counting.policies import DEFAULT, PRESETS, Policies
from counting.reporting import Order
from counting.scope_files import read_listed
from counting.sheets import Per
from inventory_site.controls import Day
from inventory_site.errors import DomainError
from inventory_site.fields import MONEY, QUANTITY
from inventory_site.figures import typed
from inventory_site.pages import refuse
from ledger.models import Reason
from warehouse.finding import each_of, factors_of, find_bin, find_item
from warehouse.models import Bin, Category, Location, User, Zone
from warehouse.quantities import parse_quantity
from warehouse.uploads import SpreadsheetField


def single_policy(choices, label):
    """One policy that can differ from what the way of counting says."""
    says = ("", _("as the way of counting says"))
    return forms.ChoiceField(choices=[says, *choices.choices], required=False, label=label)


class ScopeForm(forms.Form):
    location = forms.ModelChoiceField(Location.objects.none(), to_field_name="code", label=_("Location"))
    name = forms.CharField(
        max_length=100, required=False, label=_("Name"), help_text=_("What people call it: Week 47 cycle count.")
    )
    zones = forms.ModelMultipleChoiceField(
        Zone.objects.none(), to_field_name="code", required=False, label=_("Zones"), widget=forms.CheckboxSelectMultiple
    )
    bins = forms.CharField(
        required=False,
        max_length=20_000,
        label=_("Bins"),
        help_text=_("Numbers with commas between them; A-01* means all that begin so. Blank: every storage bin."),
    )
    category = forms.ModelChoiceField(
        Category.objects.select_related("parent"), required=False, label=_("Category"), empty_label=_("Every category")
    )
    items = forms.CharField(
        required=False,
        max_length=20_000,
        label=_("Items"),
        help_text=_("Numbers or bar codes with commas between them. Blank: every item."),
    )
    spreadsheet = SpreadsheetField(
        required=False,
        label=_("Bins or items from a spreadsheet"),
        help_text=_("CSV or Excel with a column Bin, Item or both (items in bins). Read when the count is opened."),
        widget=forms.FileInput(attrs={"hx-preserve": "true"}),
    )
    not_counted_since = forms.DateField(
        required=False, label=_("Not counted since"), widget=Day, help_text=_("Leaves out what a completed count has.")
    )
    places_that_held_it = forms.BooleanField(
        required=False,
        label=_("Places that held it before"),
        help_text=_("Counts empty places too, where stock lay once."),
    )
    preset = forms.ChoiceField(
        choices=[(preset.key, preset.name) for preset in PRESETS.values()],
        required=False,
        initial=DEFAULT.key,
        widget=forms.RadioSelect,
        label=_("Way of counting"),
    )
    uncounted = single_policy(Uncounted, _("Lines that nobody counts"))
    guard = single_policy(Guard, _("Movements meanwhile"))
    undecided = single_policy(Undecided, _("Discrepancies that nobody decides"))
    blind = forms.BooleanField(
        required=False, label=_("Blind"), help_text=_("Counters are shown no quantities, so that they look.")
    )
    request_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = Location.objects.visible_to(user).active()
        location = self.chosen_location()
        self.fields["zones"].queryset = location.zones.all() if location else Zone.objects.none()
        if not self.fields["zones"].queryset:
            self.fields["zones"].widget = forms.MultipleHiddenInput()

    def chosen_location(self):
        """What the rest of the form is about, before all of it is clean."""
        code = (
            self.data.get("location")
            if self.is_bound
            else self.get_initial_for_field(self.fields["location"], "location")
        )
        return self.fields["location"].queryset.filter(code=str(code or "")).first()

    def clean_bins(self):
        location = self.cleaned_data.get("location")
        if location is None:
            return []
        return each_of(self.cleaned_data["bins"], lambda text: bins_meant(text, location))

    def clean_items(self):
        return each_of(self.cleaned_data["items"], lambda text: [find_item(text).item])

    def clean(self):
        """The list is read last: what its rows mean depends on the location, and they are told apart from fields."""
        if not self.errors:
            try:
                self.policies().check()
            except DomainError as error:
                self.add_error("blind", error)
        file, location = self.cleaned_data.get("spreadsheet"), self.cleaned_data.get("location")
        self.listed = None
        if file and location and not self.errors:
            try:
                self.listed = read_listed(file, location=location)
            except DomainError as error:
                refuse(self, error)
        return self.cleaned_data

    def scope(self):
        data = self.cleaned_data
        return Scope(
            bins=data["bins"],
            zones=list(data["zones"]),
            category=data["category"],
            items=data["items"],
            listed=self.listed,
            not_counted_since=data["not_counted_since"],
            places_that_held_it=data["places_that_held_it"],
        )

    def policies(self):
        """What the preset says, but for what was chosen by itself."""
        data = self.cleaned_data
        preset = PRESETS[data["preset"] or DEFAULT.key].policies
        chosen = {name: data[name] for name in ("uncounted", "guard", "undecided") if data[name]}
        return Policies(**preset.as_fields() | chosen | {"blind": preset.blind or data["blind"]})

    @property
    def presets(self):
        """The radio button of each preset, with what it means."""
        return [(button, PRESETS[button.data["value"]]) for button in self["preset"]]

    @property
    def single_policies(self):
        return [self["guard"], self["uncounted"], self["undecided"], self["blind"]]

    @property
    def has_own_policies(self):
        return any(field.value() for field in self.single_policies)


def bins_meant(text, location):
    if not text.endswith("*"):
        return [find_bin(text, location=location)]
    found = list(Bin.objects.filter(location=location, code__istartswith=text[:-1].strip()).to_count_in())
    if not found:
        raise ValidationError(
            _("No bin of %(location)s begins with “%(text)s”."), params={"location": location.name, "text": text[:-1]}
        )
    return found


def signed_quantity(text):
    """A difference as it is typed: "-3", "−3", "+2.5"."""
    text = text.strip()
    digits = text.lstrip("+-−–").strip()
    quantity = parse_quantity(digits).quantity
    return -quantity if text[:1] in "-−–" else quantity


class SignedQuantityField(forms.CharField):
    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return signed_quantity(text)
        except DomainError as error:
            raise ValidationError(error.messages, code=error.code) from error


class DecisionForm(forms.Form):
    """What a reviewer says about a line (its key is the prefix), or about all that are chosen."""

    quantity = SignedQuantityField(required=False, max_length=60, label=_("Adjustment"))
    reason = forms.ModelChoiceField(Reason.objects.all(), required=False, label=_("Reason"), empty_label=_("Choose…"))
    note = forms.CharField(required=False, max_length=200, label=_("Note"))


class ReversalForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=200, help_text=_("It stands on the documents for good."))


class FoundInJournalForm(forms.Form):
    """What somebody found that stands in no row of a journal."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    bin = forms.CharField(label=_("Bin"), max_length=100, required=False)
    item = forms.CharField(label=_("Item"), max_length=200)
    lot = forms.CharField(label=_("Lot"), max_length=60, required=False)
    quantity = forms.CharField(label=_("Counted"), max_length=60)

    def __init__(self, *args, session, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session

    def clean_bin(self):
        return find_bin(self.cleaned_data["bin"], location=self.session.location)

    def clean_item(self):
        self.label = find_item(self.cleaned_data["item"])
        return self.label.item

    def clean(self):
        item, text = self.cleaned_data.get("item"), self.cleaned_data.get("quantity")
        if item and text:
            try:
                self.cleaned_data["quantity"] = parse_quantity(text, factors=factors_of(item)).quantity
            except DomainError as error:
                self.add_error("quantity", error)
        return self.cleaned_data

    @property
    def found(self):
        """What counting.recording.count_found takes."""
        data = self.cleaned_data
        return {
            "bin": data["bin"],
            "item": data["item"],
            "variant": self.label.variant,
            "lot_number": data["lot"] or self.label.lot_number,
            "expiration_date": self.label.expiration_date,
            "quantity": data["quantity"],
            "client_id": data["request_id"],
        }


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": NothingWritten.text},
    )


class ActivityForm(forms.Form):
    """Which deeds of whom the list of all that happened shows."""

    by = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Who"), empty_label=_("Everybody"))
    what = forms.ChoiceField(required=False, label=_("What"))

    def __init__(self, *args, session, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["by"].queryset = people_in(session)
        self.fields["what"].choices = [("", _("All that happened")), *deeds_shown(viewer)]


class ConfirmForm(forms.Form):
    """The figures that the page showed, as they come back when they are confirmed."""

    lines = forms.IntegerField(min_value=0)
    plus = forms.DecimalField(**QUANTITY)
    minus = forms.DecimalField(**QUANTITY)
    value = forms.DecimalField(max_digits=MONEY["max_digits"] + 5, decimal_places=QUANTITY["decimal_places"])
    transfers = forms.IntegerField(min_value=0)
    moved = forms.DecimalField(**QUANTITY)
    write_offs = forms.IntegerField(min_value=0, required=False)
    left = forms.IntegerField(min_value=0, required=False)

    def digest(self):
        return Digest(**{name: 0 if figure is None else figure for name, figure in self.cleaned_data.items()})


def hidden_figures(digest: Digest) -> list[tuple[str, str]]:
    """The hidden fields of a confirmation."""
    words = digest.as_json()
    return [(name, words[name]) for name in ConfirmForm.base_fields]


def written(quantity: Decimal) -> str:
    """A difference for an input field: −3, +2.5."""
    return f"−{typed(-quantity)}" if quantity < 0 else f"+{typed(quantity)}" if quantity > 0 else "0"


class SheetForm(forms.Form):
    """What a count sheet shows; the address is the state."""

    zones = forms.ModelMultipleChoiceField(
        Zone.objects.none(), to_field_name="code", required=False, label=_("Zones"), widget=forms.CheckboxSelectMultiple
    )
    bins = forms.CharField(
        required=False, max_length=2000, label=_("Bins"), help_text=_("Numbers with commas between them, or A-01*.")
    )
    which = forms.ChoiceField(
        choices=[("all", _("All of this round")), ("left", _("What is left to count"))], label=_("Lines")
    )
    sort = forms.ChoiceField(choices=[("walk", _("Walking order")), ("item", _("Item"))], label=_("Sorted by"))
    per = forms.ChoiceField(choices=Per, label=_("On a page"))
    blank_lines = forms.IntegerField(min_value=0, max_value=30, label=_("Blank lines"))
    unit_lines = forms.IntegerField(min_value=0, max_value=60, label=_("Blank serial numbers"))
    lot_lines = forms.BooleanField(required=False, label=_("Blank line for another lot"))
    units = forms.BooleanField(required=False, label=_("Expected serial numbers and tags"))
    system = forms.BooleanField(required=False, label=_("System quantity"))

    def __init__(self, data, *, session, sees_quantities):
        """What the address does not say is as a sheet usually is; a recount is about what is left of it."""
        initially = {
            "which": "left" if session.round > 1 else "all",
            "sort": "walk",
            "per": Per.PAGE,
            "blank_lines": "5",
            "unit_lines": "0",
        }
        data = data.copy()
        for name, value in initially.items():
            data[name] = data.get(name) or value
        super().__init__(data)
        self.session = session
        self.fields["zones"].queryset = session.location.zones.all()
        if not self.fields["zones"].queryset:
            del self.fields["zones"]
        if not session.lines.serialized().exists():
            del self.fields["unit_lines"], self.fields["units"]
        if not sees_quantities:
            self.fields.pop("units", None)
            del self.fields["system"]

    def clean_bins(self):
        return each_of(self.cleaned_data["bins"], lambda text: bins_meant(text, self.session.location))

    def lines(self):
        """The lines that were asked for."""
        lines, said = self.session.lines.countable(self.session), self.cleaned_data
        if said["which"] == "left":
            lines = lines.to_count()
        if said.get("zones"):
            lines = lines.filter(quant__bin__zone__in=said["zones"])
        if said["bins"]:
            lines = lines.filter(quant__bin__in=said["bins"])
        return lines.by_item() if said["sort"] == "item" else lines.in_walking_order()


class ReportForm(forms.Form):
    """What a discrepancy report shows, and in which order; the address is the state."""

    order = forms.ChoiceField(choices=Order, label=_("Sorted by"), widget=forms.RadioSelect)
    zero = forms.BooleanField(required=False, label=_("Lines that match"))
    uncounted = forms.BooleanField(required=False, label=_("Lines that nobody counted"))
    units = forms.BooleanField(required=False, label=_("Serial numbers and tags"))
    costs = forms.BooleanField(required=False, label=_("Costs and values"))

    def __init__(self, data, *, sees_values, has_units):
        super().__init__({**data.dict(), "order": data.get("order") or Order.ZONE})
        if not has_units:
            del self.fields["units"]
        if not sees_values:
            del self.fields["costs"]

    def what(self):
        return {name: self.cleaned_data[name] for name in ("order", "zero", "uncounted")}


class RequestForm(forms.Form):
    """`request_id` is made when the form is first shown: sent twice, it is posted once."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data=None, **kwargs):
        super().__init__(data, initial={"request_id": uuid4()}, **kwargs)


class FoundForm(RequestForm):
    bin = forms.CharField(label=_("Found in"), max_length=100, help_text=_("Scan or type the bin where it lies now."))
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, data=None, *, location=None):
        super().__init__(data, prefix="found")
        self.location = location

    def clean_bin(self):
        return find_bin(self.cleaned_data["bin"], location=self.location)


class WriteOffForm(RequestForm):
    note = forms.CharField(
        label=_("Note"), max_length=200, help_text=_("Why nobody will find it: stands on the document.")
    )

    def __init__(self, data=None):
        super().__init__(data, prefix="off")


class AssignForm(forms.Form):
    to = forms.ModelChoiceField(
        User.objects.none(),
        to_field_name="username",
        required=False,
        label=_("Who looks for it"),
        empty_label=_("nobody in particular"),
    )

    def __init__(self, data=None, *, task):
        initial = {"to": task.assigned_to and task.assigned_to.username}
        super().__init__(data, initial=initial, prefix="assign")
        self.fields["to"].queryset = task.session.location.people.filter(is_active=True).order_by("username")
