"""Lists that filter, sort and page, and stay fast at 100,000 rows.

    Listing(request, Quant.objects.visible_to(request.user), filterset=QuantFilter, sort="-quantity",
            columns=[Column("item", _("Item"), "item__number"), Column("quantity", _("On hand"), num=True)])

In a template: `listing.rows`, `listing.total`, `{% if listing %}`; components head, filters, pages and empty take the
listing whole. The URL is the state: `?q=bolt&sort=-quantity&page=3`, filters by their own names. In a FilterSet:

    q = Find(method="find", label=_("Number, name, bar code"))      a field with a magnifier
    mine = Pick(method="only_mine", label=_("Mine"))                a chip: ticked it filters, else it does not
    status = ChoiceFilter(choices=..., widget=RadioSelect, empty_label=_("All"))      chips; plain: a select

`counts={"mine": 3, "status": {"draft": 6, "": 48}}` writes numbers on the chips.

One COUNT. The keys of a page are found first and its rows are read by key, so neither joins nor annotations are paid
for rows that are skipped; the second half of a list is walked from its end.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import django_filters
from django import forms
from django.utils.translation import gettext as _

PAGE_SIZE = 50


class Find(django_filters.CharFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"widget": forms.SearchInput, "max_length": 200, **kwargs})


class Ticked(forms.BooleanField):
    def clean(self, value):
        return super().clean(value) or None


class Pick(django_filters.BooleanFilter):
    """Ticked it filters, unticked it does not (a plain BooleanFilter then asks for the opposite)."""

    field_class = Ticked

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"widget": forms.CheckboxInput, **kwargs})


@dataclass(frozen=True)
class Column:
    """A column of a list: `order` names a field, several, or nothing (the key itself); `sortable=False` for none."""

    key: str
    label: str
    order: str | tuple = ""
    num: bool = False
    sortable: bool = True
    width: str = ""
    css: str = ""
    descending_first: bool = False

    @property
    def fields(self):
        return (self.order or self.key,) if isinstance(self.order, str) else tuple(self.order)


@dataclass(frozen=True)
class Heading:
    """What components/head.html shows of a column."""

    column: Column
    sorted: str = ""  # ascending, descending or nothing
    url: str = ""


class Listing:
    has_file = False  # can it be had as a spreadsheet (warehouse.list_files)?

    def __init__(self, request, queryset, *, columns, sort, filterset=None, size=PAGE_SIZE, label="", counts=None):
        self.request, self.size, self.label = request, size, label
        self.all_columns, self.default_sort, self.counts = list(columns), sort, counts or {}
        self.query = request.GET
        self.filterset = filterset(request.GET, queryset=queryset, request=request) if filterset else None
        self.queryset = self.filterset.qs if self.filterset else queryset

    def __bool__(self):
        return self.total > 0

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    # Sorting

    @cached_property
    def by_key(self):
        return {column.key: column for column in self.all_columns if column.key and column.sortable}

    @cached_property
    def sort(self):
        asked = self.query.get("sort", "")
        return asked if asked.removeprefix("-") in self.by_key else self.default_sort

    @property
    def order(self):
        """Fields to order by; the key at the end makes every order one order."""
        column = self.by_key.get(self.sort.removeprefix("-"))
        fields = [*(column.fields if column else [self.sort.removeprefix("-")]), "pk"]
        return [flipped(field) for field in fields] if self.sort.startswith("-") else fields

    @property
    def headings(self):
        return [self.heading(column) for column in self.all_columns]

    def heading(self, column):
        if column.key not in self.by_key:
            return Heading(column)
        now = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "")
        descending = now == "ascending" or (not now and column.descending_first)
        return Heading(column, now, self.url(sort=f"-{column.key}" if descending else column.key))

    # Pages

    @cached_property
    def total(self):
        return self.queryset.order_by().count()

    @property
    def last_page(self):
        return max(1, -(-self.total // self.size))

    @cached_property
    def page(self):
        asked = self.query.get("page", "")[:12]
        return min(max(1, int(asked)), self.last_page) if asked.isdecimal() else 1

    @property
    def first(self):
        return (self.page - 1) * self.size + 1 if self.total else 0

    @property
    def last(self):
        return min(self.page * self.size, self.total)

    @property
    def previous_url(self):
        return self.url(page=self.page - 1) if self.page > 1 else ""

    @property
    def next_url(self):
        return self.url(page=self.page + 1) if self.page < self.last_page else ""

    @property
    def first_url(self):
        return self.url(page=1) if self.page > 2 else ""

    @property
    def last_url(self):
        return self.url(page=self.last_page) if self.page < self.last_page - 1 else ""

    @cached_property
    def rows(self):
        if not self.total:
            return []
        if self.queryset._fields is not None:  # .values(): rows without a key of their own
            return list(self.queryset.order_by(*self.order)[self.first - 1 : self.last])
        keys = self.keys()
        found = {row.pk: row for row in self.queryset.order_by().filter(pk__in=keys)}
        return [found[key] for key in keys if key in found]

    def keys(self):
        keys, skipped, rest = self.queryset.values_list("pk", flat=True), self.first - 1, self.total - self.last
        if rest >= skipped:
            return list(keys.order_by(*self.order)[skipped : self.last])
        backward = [flipped(field) for field in self.order]
        return list(keys.order_by(*backward)[rest : rest + self.last - skipped])[::-1]

    # Addresses and filters

    def url(self, **changes):
        """The address of this list with other parameters; whatever changes, it starts at the first page."""
        query = self.query.copy()
        query.pop("page", None)
        for name, value in changes.items():
            query[name] = value
        for name in [name for name, values in query.lists() if not any(values)]:
            del query[name]
        return f"{self.request.path}?{query.urlencode()}" if query else self.request.path

    @property
    def files(self):
        """The addresses of this list as a file, by what the file is."""
        return {"Excel": self.url(**{"as": "xlsx"}), "CSV": self.url(**{"as": "csv"})} if self.has_file else {}

    @property
    def path(self):
        return self.request.path

    def leading_to(self, address, **more):
        """Another page about the rows that this list shows: its filters go along."""
        query = self.query.copy()
        for name in ("page", "sort", "tab"):
            query.pop(name, None)
        query.update(more)
        return f"{address}?{query.urlencode()}" if query else address

    @property
    def clear_url(self):
        kept = {name: self.query[name] for name in ("tab", "sort") if name in self.query}
        query = self.query.copy()
        query.clear()
        query.update(kept)
        return f"{self.request.path}?{query.urlencode()}" if kept else self.request.path

    @cached_property
    def fields(self):
        """The filters as components/filters.html draws them."""
        if not self.filterset:
            return []
        return [self.filter_field(field) for field in self.filterset.form.visible_fields()]

    def filter_field(self, bound):
        drawn = FilterField(bound, kind_of(bound.field.widget))
        if drawn.kind != "picks":
            return replace(drawn, count=self.counts.get(bound.name))
        chosen, counts = values_of(bound), self.counts.get(bound.name, {})
        options = tuple(
            Option(value=str(value), label=label, count=counts.get(str(value)), chosen=str(value) in (chosen or {""}))
            for value, label in bound.field.choices
        )
        return replace(drawn, options=options)

    @property
    def hidden(self):
        """What else the address says and a change of filters must keep."""
        own = {field.bound.html_name for field in self.fields} | {"page"}
        own |= {f"{name}_{end}" for name in own for end in ("min", "max", "after", "before", "from", "to")}
        return [(name, value) for name, values in self.query.lists() if name not in own for value in values if value]

    @property
    def narrowed(self):
        """By more than the first filter, which is always in view."""
        return any(values_of(field.bound) for field in self.fields[1:])

    @property
    def filtered(self):
        return any(values_of(field.bound) for field in self.fields)


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    count: int | None
    chosen: bool


@dataclass(frozen=True)
class FilterField:
    bound: object
    kind: str  # find, pick, picks, select or input
    options: tuple = ()
    count: int | None = None

    @property
    def label(self):
        return self.bound.label

    @property
    def placeholder(self):
        return self.bound.field.widget.attrs.get("placeholder") or self.bound.help_text or self.bound.label or _("Find")


def flipped(field):
    """The same order backward: for a name, or for an expression such as F("at").desc(nulls_last=True)."""
    if not isinstance(field, str):
        field = field.copy()
        field.reverse_ordering()
        return field
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def kind_of(widget):
    if isinstance(widget, forms.CheckboxInput):
        return "pick"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "picks"
    if isinstance(widget, forms.Select):
        return "select"
    return "find" if type(widget) in (forms.TextInput, forms.SearchInput) else "input"


def values_of(bound):
    """What the address says about a field, as a set of words; blank is nothing."""
    value = bound.value()
    values = value if isinstance(value, list | tuple) else [value]
    return {str(each) for each in values if each not in (None, "", False)}
