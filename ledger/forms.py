"""What people type into a document, cleaned into items, bins, lots and quantities. Nothing here knows how to post."""

from collections import defaultdict
from decimal import Decimal
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory_site.controls import Day
from inventory_site.errors import DomainError
from inventory_site.fields import UNIT_COST
from inventory_site.figures import decimal_mark
from inventory_site.templatetags.truecount import quantity as written
from ledger.entering import EnteredLine
from ledger.models import Direction, Effect, Kind, Reason
from ledger.posting import Document
from ledger.refusals import INTO_BLOCKED, OUT_OF_BLOCKED
from warehouse.codes import CodesRefused
from warehouse.contents import default_bin
from warehouse.finding import LotUnknown, factor_of, factors_of, find_bin, find_item, find_lot
from warehouse.models import Location, Quant, UnitOfMeasure
from warehouse.quantities import UnknownUnit, number_of, parse_quantity
from warehouse.unit_codes import codes_of

LINES = 3
MOST_LINES = 200
MOST_TYPED = 200_000  # characters of codes in one line
UNIT_ERRORS = (
    "unit_missing", "unit_not_expected", "unit_unusable", "unit_unknown", "unit_taken", "unit_of_another_variant",
    "unit_twice", "unit_blocked", "unit_elsewhere", "unit_released", "unit_detached", "unit_in_stock",
    "quantity_not_one",
)  # fmt: skip
TOLD_AT_ONCE = 20  # errors at one field; the others are counted


def typed(request):
    """What was sent, also where that is nothing at all; None while a form is only looked at."""
    return request.POST if request.method == "POST" else None


class UnitsNeeded(DomainError):
    code, text = "unit_missing", _("%(item)s is tracked by units: scan or type which ones.")


class UnitsNotExpected(DomainError):
    code, text = "unit_not_expected", _("%(item)s is not tracked by units: leave them blank.")


class QuantityNeeded(DomainError):
    code, text = "required", _("This field is required.")


class OtherNumber(DomainError):
    code = "other_number"
    text = _(
        "%(units)s units are named, and the quantity says %(said)s. Leave the quantity blank, or correct one of them."
    )


class OwnLocationField(forms.ModelChoiceField):
    def __init__(self, **kwargs):
        super().__init__(queryset=Location.objects.none(), to_field_name="code", empty_label=None, **kwargs)


class RequestForm(forms.Form):
    """Nothing but the wish, made when the page is first shown: sent twice, it is done once."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)


class DocumentForm(forms.Form):
    """The head of a document. `request_id` is made when the form is first shown: sent twice, it is posted once."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    location = OwnLocationField(label=_("Location"))
    posting_date = forms.DateField(label=_("Posting date"), widget=Day())
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("location", "other_location"):
            if name in self.fields:
                self.fields[name].queryset = Location.objects.visible_to(user).active()

    def clean_posting_date(self):
        day = self.cleaned_data["posting_date"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("The posting date is today or earlier."), "future")
        return day


class IssueForm(DocumentForm):
    reason = forms.ModelChoiceField(
        label=_("Reason"),
        queryset=Reason.objects.filter(effect=Effect.MOVED).exclude(direction=Direction.FOUND),
        to_field_name="code",
        required=False,
        empty_label=_("none: delivered or used as planned"),
    )
    field_order = ["request_id", "location", "reason", "posting_date", "note"]


class TransferForm(DocumentForm):
    location = OwnLocationField(label=_("From"))
    other_location = OwnLocationField(label=_("To"))
    field_order = ["request_id", "location", "other_location", "posting_date", "note"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.fields["other_location"].queryset
        elsewhere = own.exclude(code=self.initial.get("location") or own.values("code")[:1]).first()
        self.fields["other_location"].initial = elsewhere and elsewhere.code

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("location") and cleaned.get("location") == cleaned.get("other_location"):
            self.add_error("other_location", forms.ValidationError(_("Choose another location."), "same_location"))
        return cleaned


class LineForm(forms.Form):
    """One line as typed. `location` and `other_location` come from the head; None while the head is wrong."""

    item = forms.CharField(label=_("Item"), max_length=200, strip=True)
    bin = forms.CharField(label=_("Bin"), max_length=100, required=False)
    lot = forms.CharField(label=_("Lot"), max_length=60, required=False)
    quantity = forms.CharField(label=_("Quantity"), max_length=60, required=False)
    codes = forms.CharField(
        label=_("Units"), max_length=MOST_TYPED, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    unit = forms.ModelChoiceField(
        label=_("Unit of measure"),
        queryset=UnitOfMeasure.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("base unit"),
    )

    makes_lots = False
    # Which field of the line an error of posting belongs to; others belong to the line as a whole.
    FIELD_OF = {
        "not_enough": "quantity",
        "wrong_sign": "quantity",
        "quantity_unusable": "quantity",
        "too_much": "quantity",
        "cost_unusable": "unit_cost",
        "lot_missing": "lot",
        "lot_not_expected": "lot",
        "lot_of_another_item": "lot",
        "expiry_contradicts": "expiration_date",
        "bin_elsewhere": "bin",
        "adjustment_bin": "bin",
        "same_bin": "to_bin",
        "item_blocked": "item",
        "variant_blocked": "item",
        "lot_blocked": "lot",
        **dict.fromkeys(INTO_BLOCKED, "bin"),
        **dict.fromkeys(OUT_OF_BLOCKED, "bin"),
        "item_serialized": "item",
        "item_unknown": "item",
        **dict.fromkeys(UNIT_ERRORS, "codes"),
    }

    def __init__(self, *args, location=None, other_location=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.location, self.other_location = location, other_location or location
        self.found = None

    def clean_item(self):
        self.found = find_item(self.cleaned_data["item"])
        return self.found.item

    def clean_bin(self):
        return self.bin_meant(self.cleaned_data["bin"], self.location)

    def clean_to_bin(self):
        return self.bin_meant(self.cleaned_data["to_bin"], self.other_location)

    def bin_meant(self, text, location):
        """What is typed; where that is nothing, the default bin of the item."""
        if location is None:
            return None
        usual = usual_bin(self.found, location) if self.found and not text else None
        return usual or find_bin(text, location=location)

    def clean(self):
        cleaned = super().clean()
        item, text = cleaned.get("item"), cleaned.get("quantity")
        if text:
            self.clean_quantity_of(item, text)
        if item and item.is_serialized:
            self.clean_units_of(item)
        elif not text and "quantity" not in self.errors:
            self.add_error("quantity", QuantityNeeded())
        elif item and cleaned.get("codes"):
            self.add_error("codes", UnitsNotExpected(item=item))
        if item:
            self.clean_lot_of(item)
        return cleaned

    def clean_units_of(self, item):
        """Codes stand in place of a quantity; whoever types both has to say the same twice."""
        typed = self.cleaned_data.get("codes", "")
        try:
            units = codes_of(item, typed)
        except CodesRefused as refused:
            self.add_all("codes", refused.errors)
            return
        quantity = self.cleaned_data.get("quantity")
        if not units:
            self.add_error("codes", UnitsNeeded(item=item))
        elif isinstance(quantity, Decimal) and quantity != len(units):
            self.add_error("quantity", OtherNumber(said=written(quantity), units=len(units)))
        self.cleaned_data |= {"units": tuple(units), "quantity": Decimal(len(units))}

    def add_all(self, field, errors):
        """Every error at its field, as far as anybody reads them."""
        for error in errors[:TOLD_AT_ONCE]:
            self.add_error(field, forms.ValidationError(error.message, error.code))
        if more := len(errors) - TOLD_AT_ONCE if len(errors) > TOLD_AT_ONCE else 0:
            self.add_error(field, forms.ValidationError(_("And %s more.") % more, "more"))

    @property
    def columns(self):
        """The fields that stand in a row of the table; codes take one of their own."""
        return [field for field in self.visible_fields() if field.name != "codes"]

    @property
    def cells_of_bins(self):
        """What else of the row is drawn anew when its item is named: where its default bin is proposed."""
        return ",".join(f"#cell-{self[name].auto_id}" for name in ("bin", "to_bin") if name in self.fields)

    @property
    def asks_units(self):
        """Of this item units are named: what was typed says so, or what was typed so far."""
        if self["codes"].value():
            return True
        if self.is_bound:
            return bool(self.found and self.found.item.is_serialized)
        return is_serialized(self["item"].value())

    def clean_quantity_of(self, item, text):
        """The quantity in base units, from the arithmetic and the unit of measure; without an item only its form."""
        factors, factor = factors_of(item) if item else {}, 1
        if item:
            try:
                factor = factor_of(self.cleaned_data.get("unit"), item=item, factors=factors)
            except DomainError as error:
                self.add_error("unit", error)
        try:
            self.cleaned_data["quantity"] = parse_quantity(text, factors=factors, factor=factor).quantity
        except DomainError as error:
            if item or not isinstance(error, UnknownUnit):
                self.add_error("quantity", error)

    def clean_lot_of(self, item):
        """A known lot, or the number of a new one where this document may make it; the label may name it."""
        number = self.cleaned_data.get("lot") or self.found.lot_number
        self.cleaned_data["lot"], self.cleaned_data["new_lot"] = None, ""
        if not number or (item.is_serialized and not self.makes_lots):
            return  # a unit carries its lot
        try:
            self.cleaned_data["lot"] = find_lot(number, item=item)
        except DomainError as error:
            if self.makes_lots and isinstance(error, LotUnknown):
                self.cleaned_data["new_lot"] = number
            else:
                self.add_error("lot", error)

    @property
    def line(self):
        cleaned = self.cleaned_data
        return EnteredLine(
            item=cleaned["item"],
            variant=self.found.variant,
            bin=cleaned["bin"],
            to_bin=cleaned.get("to_bin"),
            lot=cleaned["lot"],
            new_lot=cleaned["new_lot"],
            expiration_date=cleaned.get("expiration_date") or self.found.expiration_date,
            quantity=cleaned["quantity"],
            unit_cost=cleaned.get("unit_cost"),
            units=cleaned.get("units", ()),
        )


def found(typed):
    """What an item as it is typed means, before anything is checked."""
    try:
        return find_item(typed) if typed else None
    except DomainError:
        return None


def is_serialized(typed):
    named = found(typed)
    return bool(named and named.item.is_serialized)


def usual_bin(named, location):
    return default_bin(named.item, location, variant=named.variant)


class CostField(forms.CharField):
    """Money for one unit, with the decimal mark of whoever types it."""

    def clean(self, value):
        text = super().clean(value)
        decimals = UNIT_COST["decimal_places"]
        digits = UNIT_COST["max_digits"] - decimals
        return number_of(text, mark=decimal_mark(), decimals=decimals, digits=digits) if text else None


class ReceiptLineForm(LineForm):
    expiration_date = forms.DateField(label=_("Expires"), required=False, widget=Day())
    unit_cost = CostField(label=_("Cost per base unit"), required=False, max_length=40)
    field_order = ["item", "bin", "lot", "expiration_date", "quantity", "unit", "unit_cost", "codes"]
    makes_lots = True

    def clean_lot_of(self, item):
        super().clean_lot_of(item)
        lot, day = self.cleaned_data.get("lot"), self.cleaned_data.get("expiration_date") or self.found.expiration_date
        if lot and day and lot.expiration_date != day:
            # A known lot gets, or contradicts, the date on the label: the verb knows.
            self.cleaned_data["lot"], self.cleaned_data["new_lot"] = None, lot.number


class MoveLineForm(LineForm):
    bin = forms.CharField(label=_("From bin"), max_length=100, required=False)
    to_bin = forms.CharField(label=_("To bin"), max_length=100, required=False)
    field_order = ["item", "lot", "bin", "to_bin", "quantity", "unit", "codes"]
    FIELD_OF = {**LineForm.FIELD_OF, **dict.fromkeys(INTO_BLOCKED, "to_bin")}


FORMS = {
    Kind.RECEIPT: (DocumentForm, ReceiptLineForm),
    Kind.ISSUE: (IssueForm, LineForm),
    Kind.MOVEMENT: (DocumentForm, MoveLineForm),
    Kind.LOCATION_TRANSFER: (TransferForm, MoveLineForm),
}


class Lines(forms.BaseFormSet):
    """Any line may be left blank, also one that was filled in before another was asked for."""

    def initial_form_count(self):
        return 0


class Sheet:
    """A document being typed: its head and its lines."""

    def __init__(self, kind, *, user, data=None, quant=None, codes=""):
        """`quant` and `codes`: what a link asks to do something with."""
        self.kind, self.user, self.quant, self.codes = kind, user, quant, codes
        self.head_class, self.line_class = FORMS[kind]
        if data is None or "more" in data or "look" in data:
            self.head, self.lines = self.unsent(data)
        else:
            self.head, self.lines = self.sent(data)
        if not user.has_perm("ledger.view_valueentry"):
            for form in self.lines:
                form.fields.pop("unit_cost", None)

    def formset(self, *, extra=0, **kwargs):
        factory = forms.formset_factory(
            self.line_class, Lines, extra=extra, max_num=MOST_LINES, absolute_max=MOST_LINES, validate_max=True
        )
        return factory(prefix="lines", **kwargs)

    def sent(self, data):
        head = self.head_class(data, user=self.user)
        head.full_clean()
        places = {name: head.cleaned_data.get(name) for name in ("location", "other_location")}
        return head, self.formset(data=data, form_kwargs=places)

    def unsent(self, data):
        """Blank, or with what was typed so far and one line more; nothing of it is checked yet."""
        if data is None:
            head, lines, extra = self.fresh(), [self.line_of(self.quant)] if self.quant else [], LINES
        else:
            head = {name: data.get(name, "") for name in self.head_class.base_fields}
            lines = self.typed_so_far(data)
            extra = len(lines) + ("more" in data)
        return self.head_class(user=self.user, initial=head), self.formset(initial=lines, extra=extra)

    def typed_so_far(self, data):
        said = data.get("lines-TOTAL_FORMS", "")
        count = min(int(said), MOST_LINES - 1) if said.isdecimal() and len(said) < 6 else LINES
        names = self.line_class.base_fields
        lines = [{name: data.get(f"lines-{number}-{name}", "") for name in names} for number in range(count)]
        own = Location.objects.visible_to(self.user).active()
        self.propose_bins(
            lines,
            location=own.filter(code=data.get("location", "")).first(),
            other_location=own.filter(code=data.get("other_location", "")).first(),
        )
        return lines

    def propose_bins(self, lines, *, location, other_location):
        """Where no bin is typed yet, the default bin of the item; of a movement the end that is missing."""
        for line in lines:
            named = found(line["item"]) if not line["bin"] or not line.get("to_bin", "-") else None
            usual = usual_bin(named, location) if named and location else None
            if usual and not line["bin"]:
                line["bin"] = usual.code
            elif usual and self.kind == Kind.MOVEMENT and line["bin"] != usual.code:
                line["to_bin"] = usual.code
            if named and other_location and not line.get("to_bin", "-"):
                there = usual_bin(named, other_location)
                line["to_bin"] = there.code if there else ""

    def fresh(self):
        usual = self.quant.location if self.quant else Location.objects.usual_for(self.user)
        return {"request_id": uuid4(), "posting_date": timezone.localdate(), "location": usual and usual.code}

    def line_of(self, quant):
        """A line about what lies in a quant; how much of it is to be typed."""
        variant = f"/{quant.variant.code}" if quant.variant else ""
        return {
            "item": quant.item.number + variant,
            "bin": quant.bin.code,
            "lot": quant.lot.number if quant.lot else "",
            "expiration_date": quant.lot.expiration_date if quant.lot else None,
            "codes": self.codes,
        }

    @property
    def filled(self):
        return [form for form in self.lines if form.has_changed()]

    def is_valid(self):
        return self.head.is_bound and self.lines.is_bound and all([self.head.is_valid(), self.lines.is_valid()])

    @property
    def status(self):
        return 422 if self.head.is_bound and not self.is_valid() else 200

    def document(self, *, override=""):
        head = self.head.cleaned_data
        return Document(
            kind=self.kind,
            location=head["location"],
            other_location=head.get("other_location"),
            by=self.user,
            posting_date=head["posting_date"],
            reason=head.get("reason"),
            note=head["note"],
            request_id=head["request_id"],
            override=override,
        )

    def entered(self):
        return [form.line for form in self.filled]

    def refuse(self, error):
        """Show what posting refused: each error at its line, the rest on top."""
        errors, filled = getattr(error, "errors", ()), self.filled
        if not errors:
            self.head.add_error(None, error)
        told = defaultdict(list)
        for line_error in errors:
            form = filled[line_error.line - 1]
            field = form.FIELD_OF.get(line_error.code)
            told[form, field if field in form.fields else None].append(line_error)
        for (form, field), of_field in told.items():
            form.add_all(field, of_field)

    @property
    def columns(self):
        """The fields of a line, for the head of their table."""
        return next(iter(self.lines.forms), self.lines.empty_form).columns

    @property
    def wrong_lines(self):
        return sum(1 for form in self.lines if form.errors) if self.lines.is_bound else 0


class AdjustForm(forms.Form):
    """How much there is now, said by somebody who looked; `seen_entry` is what the book was when they looked."""

    request_id = forms.UUIDField(widget=forms.HiddenInput)
    seen_entry = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1)
    quantity = forms.CharField(label=_("Quantity now"), max_length=60)
    note = forms.CharField(label=_("Note"), max_length=200, help_text=_("Why: others will read it in the ledger."))

    def __init__(self, *args, quant: Quant, **kwargs):
        super().__init__(*args, **kwargs)
        self.quant = quant
        unit = quant.item.base_unit.name
        self.fields["quantity"].help_text = _("In %(unit)s; sums such as 4 × 12 + 3 are worked out.") % {"unit": unit}

    @staticmethod
    def fresh(quant):
        return {"request_id": uuid4(), "seen_entry": quant.last_entry}

    def clean_quantity(self):
        return parse_quantity(self.cleaned_data["quantity"], factors=factors_of(self.quant.item)).quantity

    def look_again(self, quant):
        """Take what the book says now for what was seen; what was typed stays."""
        self.data = self.data.copy()
        self.data[self.add_prefix("seen_entry")] = quant.last_entry


class OverrideForm(forms.Form):
    """Asked for where a hold is in the way."""

    override = forms.CharField(
        max_length=200,
        label=_("Why it is posted anyway"),
        help_text=_("Stands on the document and in the history of who holds it."),
        error_messages={"required": _("Say why it is posted in spite of that.")},
    )


class ReversalForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=200, required=False, help_text=_("Why it is taken back."))
