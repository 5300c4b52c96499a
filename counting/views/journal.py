"""A count kept as a journal: a table of all lines that begins with what the books say. Each row is saved by itself."""

from functools import cached_property
from uuid import uuid4

from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from counting.entry_forms import EntryForm
from counting.filters import LineFilter
from counting.forms import FoundInJournalForm
from counting.models import EntryKind, Status
from counting.recording import count_found, record
from counting.showing import ShownLine, read_again, shown_to
from counting.uncounted import may_end
from counting.views.count import counting, saying
from counting.views.detail import BIN, DISCREPANCY, ITEM, STATE
from counting.walking import progress_of
from inventory_site.errors import DomainError
from inventory_site.figures import typed
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page, wants_partial
from warehouse.quantities import parse_quantity

TEMPLATE = "counting/journal.html"
EXPECTED = Column("book", gettext_lazy("Expected"), num=True, sortable=False)
COUNTED = Column("counted", gettext_lazy("Counted"), num=True, sortable=False)
COLUMNS = [BIN, ITEM, EXPECTED, COUNTED, DISCREPANCY, STATE]


def is_kept_by(user, session):
    return session.journal and not session.closed and session.is_counted_by(user)


def keeping(view):
    """For whoever keeps the journal; others, and counts that are none, are counted bin by bin."""

    @counting
    def kept(request, session, **kwargs):
        if not is_kept_by(request.user, session):
            return redirect("count-entry", session.number)
        return view(request, session, **kwargs)

    return kept


@require_http_methods(["GET", "POST"])
@keeping
def count_journal(request, session):
    """The table; a POST adds what stands in none of its rows."""
    if request.method == "GET":
        return journal_page(request, session)
    form = FoundInJournalForm(request.POST, session=session)
    if form.is_valid():
        try:
            line = count_found(session, by=request.user, **form.found)
        except DomainError as error:
            refuse(form, error)
        else:
            said = _("%(item)s in %(bin)s is in the journal.") % {"item": line.quant.item, "bin": line.quant.bin}
            return redirect_to(request, "count-journal", session.number, toast=said)
    return journal_page(request, session, form=form, status=form_status(form))


@saying(EntryForm)
def set_line(request, session, line, said):
    """What was typed in a row; an emptied field says again what the books say."""
    if not is_kept_by(request.user, session):
        return redirect("count-entry", session.number)
    line = get_object_or_404(session.lines.for_counting(), pk=line)
    row = Row(line, session, begun=said["begun"], typed=said["quantity"])
    try:
        if said["quantity"].strip():
            number = parse_quantity(said["quantity"], factors=row.factors)
            kind, number, expression = EntryKind.SET, number.quantity, number.expression
        else:
            kind, number, expression = EntryKind.CLEAR, None, ""
        if number is not None or not row.is_waiting:
            circumstances = {
                "begun": said["begun"],
                "age": said["age"],
                "expression": expression if " " in expression else "",
            }
            record(line, kind, number, by=request.user, client_id=said["client_id"], **circumstances)
        error = ""
    except DomainError as refused:
        error = " ".join(refused.messages)
    read_again(line, by=request.user)
    row = Row(line, session, typed=said["quantity"] if error else None, error=error)
    status = 422 if error else 200
    if not wants_partial(request):
        return journal_page(request, session, row=row, status=status) if error else redirect(row.address)
    context = {
        "session": session,
        "row": shown_to(request.user, [row])[0],
        "progress": progress_of(session.lines),
        "client_id": uuid4,
    }
    return render_page(request, TEMPLATE, context, partial="saved", status=status)


def journal_page(request, session, *, form=None, row=None, status=200):
    page = JournalPage(request, session, row)
    context = {
        "page": page,
        "session": session,
        "listing": page.listing,
        "progress": progress_of(session.lines),
        "client_id": uuid4,
        "form": form or FoundInJournalForm(session=session, initial={"request_id": uuid4()}),
    }
    return render_page(request, TEMPLATE, context, partial="list", status=status)


class Row(ShownLine):
    """A line in the table."""

    @property
    def text(self):
        """What stands in its field: what was counted; before, what the books say."""
        if self.typed is not None:
            return self.typed
        return typed(self.book if self.counted is None else self.counted)

    @property
    def address(self):
        """Where the row stands, for people without JavaScript."""
        return f"{reverse('count-journal', args=[self.session.number])}?q={self.quant.bin.code}#line-{self.pk}"


class JournalPage:
    def __init__(self, request, session, row):
        self.request, self.session, self.row = request, session, row

    @cached_property
    def listing(self):
        return Listing(
            self.request,
            self.session.lines.for_counting(),
            columns=COLUMNS,
            sort="bin",
            filterset=lambda data, **kwargs: LineFilter(data, session=self.session, judged=True, **kwargs),
            size=100,
            label=_("Lines of %s") % self.session,
        )

    @cached_property
    def rows(self):
        rows = [Row(line, self.session) for line in self.listing.rows]
        if self.row:
            rows = [self.row if row.pk == self.row.pk else row for row in rows]
        return shown_to(self.request.user, rows)

    @property
    def is_open(self):
        return self.session.status == Status.DRAFT

    @property
    def may_end(self):
        return self.is_open and may_end(self.session, self.request.user)
