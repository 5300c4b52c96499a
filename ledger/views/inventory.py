"""Adjust Inventory: the quantity of an item at each location that keeps no bins, on one page."""

from uuid import UUID, uuid4

from django import forms
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.figures import typed as figure
from inventory_site.pages import form_status, redirect_to, refuse, render_page
from inventory_site.visibility import CLOSED, closed_to
from ledger.forms import typed
from ledger.inventory import OnHand, adjust_inventory, on_hand
from warehouse.finding import factors_of
from warehouse.models import Item, Tracking
from warehouse.quantities import parse_quantity


class AdjustInventoryForm(forms.Form):
    """A field for each row; `seen-...` is the newest entry of what was seen. Blank and unchanged leave it as it is."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, *args, item, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.item, self.places = item, rows
        for row in rows:
            key = key_of(row)
            self.fields[key] = forms.CharField(label=place_of(row), max_length=60, required=False)
            seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1, required=False)
            self.fields[f"seen-{key}"] = seen
            self.initial |= {key: figure(row.quantity), f"seen-{key}": row.seen_entry}

    def clean(self):
        cleaned = super().clean()
        self.wanted, factors = [], factors_of(self.item)
        for row in self.places:
            key = key_of(row)
            if not cleaned.get(key):
                continue
            try:
                quantity = parse_quantity(cleaned[key], factors=factors).quantity
            except DomainError as error:
                self.add_error(key, error)
                continue
            seen = cleaned.get(f"seen-{key}")
            self.wanted.append((with_seen(row, seen), quantity))
        return cleaned

    @property
    def rows(self):
        """(what is there, its field, its hidden field)"""
        return [(row, self[key_of(row)], self[f"seen-{key_of(row)}"]) for row in self.places]

    def look_again(self):
        self.data = self.data.copy()
        for row in self.places:
            self.data[f"seen-{key_of(row)}"] = row.seen_entry


def key_of(row: OnHand) -> str:
    return f"at-{row.bin}-{row.variant.pk if row.variant else 0}"


def place_of(row: OnHand) -> str:
    return f"{row.location.name} · {row.variant}" if row.variant else row.location.name


def with_seen(row: OnHand, seen: int | None) -> OnHand:
    """The row as the person saw it: posting refuses it where stock has moved since."""
    return row if seen is None else OnHand(row.location, row.bin, row.variant, row.quantity, seen)


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.post_journalbatch", raise_exception=True)
def adjust(request, number):
    item = get_object_or_404(Item.objects.with_names(), number=number)
    closed = closed_to(request)
    rows = on_hand(item, by=request.user) if item.tracking == Tracking.BULK else []
    if any(row.location.pk in closed for row in rows):
        raise PermissionDenied(CLOSED)
    form = AdjustInventoryForm(typed(request), item=item, rows=rows, initial={"request_id": uuid4()})
    if form.is_valid():
        try:
            registers = adjust_inventory(
                item,
                form.wanted,
                by=request.user,
                at=timezone.localdate(),
                request_id=UUID(str(form.cleaned_data["request_id"])),
                note=form.cleaned_data["note"],
            )
        except DomainError as error:
            refuse(form, error)
            form.look_again()
        else:
            numbers = ", ".join(register.number for register in registers)
            said = ngettext("%s is posted.", "%s are posted.", len(registers)) % numbers
            return redirect_to(request, item, toast=said if registers else _("Nothing was changed, nothing is posted."))
    context = {"item": item, "form": form}
    return render_page(request, "ledger/adjust_inventory.html", context, partial="form", status=form_status(form))
