"""Journals: a list of them, the grid of one, and what can be done with it."""

from functools import cached_property, partial, wraps
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from inventory_site.errors import DomainError
from inventory_site.pages import Column, Listing, form_status, redirect_to, refuse, render_page, wants_partial
from inventory_site.templatetags.truecount import quantity as written
from inventory_site.visibility import CLOSED, closed_to
from ledger.filters import JournalFilter
from ledger.forms import typed
from ledger.journal_forms import AddForm, BinContentForm, HeadForm, LineForm, OpenForm, columns_for, fresh_head
from ledger.journal_kinds import JOURNALS
from ledger.journal_posting import check_batch, post_batch, preview_batch
from ledger.journal_reading import read_block, read_file
from ledger.journal_scanning import scan
from ledger.journals import add_bin_content, add_lines, change_batch, delete_batch, delete_lines, open_batch, save_line
from ledger.models import EntryType, JournalBatch, JournalKind, JournalLine, Register
from ledger.navigation import sections
from ledger.refusals import without_figures
from ledger.resolving import JournalRefused, look_up
from ledger.views.documents import SEES_VALUE, SHOWN, shown_of
from ledger.views.overriding import Override
from ledger.views.posting import posted
from warehouse.list_files import Field, list_file

BLANK_ROWS = 3
TEMPLATE = "ledger/journal.html"
COLUMNS = [
    Column("number", gettext_lazy("Journal"), "pk", descending_first=True),
    Column("kind", gettext_lazy("Kind")),
    Column("location", gettext_lazy("Location"), "location__name"),
    Column("lines", gettext_lazy("Lines"), "line_count", num=True),
    Column("posting_date", gettext_lazy("Posting date")),
    Column("reason", gettext_lazy("Reason and note"), "reason__name", css="item"),
    Column("by", gettext_lazy("Opened by"), "created_by__username"),
]


def seeing(view):
    return login_required(
        require_http_methods(["GET"])(permission_required("ledger.view_journalbatch", raise_exception=True)(view))
    )


def keeping(*methods, permission="ledger.change_journalbatch"):
    """Pages on which a journal is changed; they are handed the batch itself, of a location of this person."""

    def decorated(view):
        @login_required
        @require_http_methods(methods)
        @permission_required(permission, raise_exception=True)
        @wraps(view)
        def kept(request, pk, **kwargs):
            return view(request, own_batch(request, pk), **kwargs)

        return kept

    return decorated


def own_batch(request, pk):
    return get_object_or_404(JournalBatch.objects.visible_to(request.user).with_names(), pk=pk)


@seeing
def journals(request):
    listing = Listing(
        request,
        JournalBatch.objects.visible_to(request.user).with_names().with_size(),
        columns=COLUMNS,
        sort="-number",
        filterset=JournalFilter,
        label=gettext_lazy("Journals"),
    )
    context = {"listing": listing, "sections": sections(request, "journals")}
    return render_page(request, "ledger/journals.html", context, partial="list")


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.add_journalbatch", raise_exception=True)
def journal_new(request):
    asked = {name: request.GET[name] for name in ("kind", "location") if name in request.GET}
    form = OpenForm(typed(request), user=request.user, initial=fresh_head(request.user, **asked))
    if form.is_valid():
        try:
            batch = open_batch(form.cleaned_data.pop("kind"), by=request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error("kind", error)
        else:
            return redirect_to(request, batch)
    return render_page(request, "ledger/journal_new.html", {"form": form}, partial="form", status=form_status(form))


@login_required
@require_http_methods(["GET", "POST"])
@permission_required("ledger.view_journalbatch", raise_exception=True)
def journal(request, pk):
    """The grid; a POST keeps the rows that it sends, one of them as it is left or all of them by the button."""
    batch = own_batch(request, pk)
    page = JournalPage(request, batch)
    if request.method == "GET":
        if file := list_file(request, page.listing, batch.number, page.file, location="batch__location"):
            return file
        return render_page(request, TEMPLATE, {"page": page}, partial="list")
    if not request.user.has_perm("ledger.change_journalbatch"):
        raise PermissionDenied
    rows = [keep_row(page, key) for key in request.POST.getlist("row") if is_id(key)]
    status = 422 if any(row.form and row.form.errors for row in rows) else 200
    if wants_partial(request):
        page.understand([row for row in rows if row.line])
        return render_page(request, TEMPLATE, {"page": page, "rows": rows}, partial="saved", status=status)
    if status == 200:
        return redirect_to(request, f"{page.address}?{request.GET.urlencode()}" if request.GET else page.address)
    page.replace(rows)
    return render_page(request, TEMPLATE, {"page": page}, partial="list", status=status)


def is_id(text):
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def keep_row(page, key):
    """What a row became: kept, or shown again with what is wrong in it."""
    said = page.request.POST.get(f"{key}-revision", "")
    revision = int(said) if said.isdecimal() and len(said) < 9 else 0
    form = page.form(key, page.request.POST)
    if not form.is_valid():
        return Row(page, key, revision=revision, form=form)
    line = JournalLine.objects.filter(batch=page.batch, client_id=key).first()
    if form.is_blank and line is None:
        return Row(page, key)
    try:
        line = save_line(page.batch, form.cleaned_data, client_id=UUID(key), revision=revision)
    except DomainError as error:
        return Row(page, key, line=line, refused=error)
    return Row(page, key, line=line)


class Row:
    """A line in the grid: kept (`line`), or typed and not right yet (`form`), or blank."""

    def __init__(self, page, key, *, line=None, revision=0, form=None, refused=None):
        self.page, self.key, self.line, self.form, self.refused = page, str(key), line, form, refused
        self.revision = line.revision if line else revision
        self.problems, self.meant = [], None

    @property
    def shown_form(self):
        if self.form:
            return self.form
        initial = LineForm.shown(self.line, self.page.columns) if self.line else {"entry_type": EntryType.POSITIVE}
        return self.page.form(self.key, initial=initial)

    @cached_property
    def cells(self):
        wrong = {problem.field for problem in self.problems} | set(self.form.errors if self.form else ())
        return [Cell(self, field, field.name in wrong) for field in self.shown_form]

    @property
    def errors(self):
        """(the name of the field, the sentence) of all that is wrong."""
        labels = {cell.name: cell.label for cell in self.cells}
        errors = [("", " ".join(self.refused.messages))] if self.refused else []
        if self.form:
            errors += [(labels.get(name, ""), " ".join(of_field)) for name, of_field in self.form.errors.items()]
        return errors + [(labels.get(problem.field, ""), problem.message) for problem in self.problems]

    @property
    def is_blank(self):
        return self.line is None and self.form is None

    @property
    def is_made(self):
        return bool(self.line and self.line.made)


class Cell:
    def __init__(self, row, field, wrong):
        self.row, self.field, self.wrong = row, field, wrong
        self.name, self.label = field.name, field.label

    @property
    def attrs(self):
        """How its control is written: it belongs to the form of all rows, and says where its error stands."""
        attrs = {"form": "lines", "class": "input", "autocomplete": "off", "aria-label": self.label}
        if self.name in ("quantity", "unit_cost"):
            attrs |= {"class": "input num", "inputmode": "decimal", "enterkeyhint": "next"}
        if self.name == "unit_cost" and self.row.meant:
            attrs["placeholder"] = written(self.row.meant.unit_cost)
        if self.name == "unit_of_measure" and self.row.meant:
            attrs["placeholder"] = self.row.meant.base_unit
        if self.row.is_made:
            attrs["disabled"] = True
        if self.wrong:
            attrs |= {"aria-invalid": "true", "aria-describedby": f"errors-{self.row.key}"}
        return attrs

    @property
    def control(self):
        return self.field.as_widget(attrs=self.attrs)


class JournalPage:
    """The grid of a journal. `?wrong=1` shows the lines that cannot be posted as things stand."""

    def __init__(self, request, batch):
        self.request, self.batch = request, batch
        self.columns = columns_for(batch, request.user)
        self.address = batch.get_absolute_url()
        self.replaced, self.scan = {}, ScanField()
        self.moves = "new_bin" in JOURNALS[batch.kind].columns

    def form(self, key, data=None, **options):
        return LineForm(data, prefix=str(key), columns=self.columns, auto_id="%s", **options)

    @cached_property
    def checked(self):
        """All that is wrong with all lines, where that was asked for."""
        if "wrong" not in self.request.GET:
            return None
        try:
            problems = check_batch(self.batch, by=self.request.user)
        except DomainError as error:
            self.refused = error
            return []
        return problems if not self.is_closed else without_figures(JournalRefused(problems)).errors

    refused = None

    @property
    def is_closed(self):
        return self.batch.location_id in closed_to(self.request)

    @cached_property
    def listing(self):
        lines = self.batch.lines.all()
        if self.checked:
            lines = lines.filter(position__in={problem.line for problem in self.checked})
        labels = {cell.name: cell.label for cell in self.form(0)}
        return Listing(
            self.request,
            lines,
            columns=[Column("position", "#", css="num")]
            + [Column(name, labels[name], sortable=False, css=name) for name in self.columns],
            sort="position",
            label=_("Lines of %s") % self.batch,
        )

    @property
    def file(self):
        words = {"entry_type": dict(EntryType.choices)}
        return [Field(LineForm.base_fields[name].label, name, words=words.get(name, {})) for name in self.columns]

    @cached_property
    def rows(self):
        rows = [self.row_of(line) for line in self.listing.rows]
        self.understand(rows)
        return rows + list(self.replaced.values())

    def row_of(self, line):
        return self.replaced.pop(str(line.client_id), None) or Row(self, line.client_id, line=line)

    @property
    def blank_rows(self):
        return [Row(self, uuid4()) for _ in range(BLANK_ROWS)] if self.may_change else []

    @property
    def template_row(self):
        return Row(self, "__id__")

    def replace(self, rows):
        self.replaced = {row.key: row for row in rows if not row.is_blank}

    def understand(self, rows):
        """What these lines mean, and what is wrong with them."""
        kept = {row.line.pk: row for row in rows if row.line}
        if not kept:
            return
        problems, meant = look_up(self.batch, kept)
        by_position = {row.line.position: row for row in kept.values()}
        for problem in self.checked or problems:
            if problem.line in by_position:
                by_position[problem.line].problems.append(problem)
        for pk, row in kept.items():
            row.meant = meant.get(pk)

    @property
    def line_count(self):
        return self.batch.lines.count()

    @property
    def may_change(self):
        return self.request.user.has_perm("ledger.change_journalbatch")

    @property
    def may_post(self):
        return may_post(self.request.user, self.batch)

    @property
    def typed_elsewhere(self):
        """At a directed location what is found in bins goes into another journal than this one."""
        if self.batch.kind != JournalKind.ITEM or not self.batch.location.directed:
            return ""
        return f"{reverse('journal-new')}?kind={JournalKind.WAREHOUSE}&location={self.batch.location.code}"

    @property
    def has_way(self):
        return "entry_type" in self.columns


def may_post(user, batch):
    """Opening entries are what loads stock; that has a right of its own."""
    opens = batch.kind == JournalKind.OPENING
    return user.has_perm("ledger.post_journalbatch") and (not opens or user.has_perm("ledger.import_stock"))


@keeping("POST")
def journal_scan(request, batch):
    key = request.POST.get("client_id", "")
    bin = request.POST.get("bin", "")[:100]
    way = EntryType.NEGATIVE if request.POST.get("entry_type") == EntryType.NEGATIVE else EntryType.POSITIVE
    try:
        done = scan(
            batch, request.POST.get("code", ""), bin=bin, entry_type=way, client_id=UUID(key) if is_id(key) else uuid4()
        )
    except DomainError as error:
        return scanned(request, batch, bin, way, error=error)
    return scanned(request, batch, done.bin, way, done=done)


def scanned(request, batch, bin, way, *, done=None, error=None):
    """The field, ready for the next scan, with what became of this one; without JavaScript the whole page."""
    page = JournalPage(request, batch)
    page.scan = ScanField(bin=bin, way=way, error=error)
    context = {"page": page}
    if done and done.line:
        row = Row(page, done.line.client_id, line=done.line)
        page.understand([row])
        page.scan.row, context["row"], context["is_new"] = row, row, done.is_new
    return render_page(request, TEMPLATE, context, partial="scanned", status=422 if error else 200)


class ScanField:
    """Where the next scan lies and which way it goes, and what the last one did."""

    def __init__(self, *, bin="", way=EntryType.POSITIVE, error=None):
        self.bin, self.way, self.error, self.row, self.client_id = bin, way, error, None, uuid4()


@keeping("GET", "POST")
def journal_add(request, batch):
    """Lines from a file or from cells that were copied; in the grid a block is pasted, from its field on."""
    form = AddForm(typed(request), request.FILES or None)
    if form.is_valid():
        columns = columns_for(batch, request.user)
        try:
            if file := form.cleaned_data["file"]:
                lines = read_file(file, columns=columns)
            else:
                lines = read_block(form.cleaned_data["text"], columns=columns, first=request.POST.get("first", ""))
            added = add_lines(batch, lines)
        except DomainError as error:
            refuse(form, error)
        else:
            said = ngettext("%s line is added.", "%s lines are added.", added) % written(added)
            return redirect_to(request, last_page(batch), toast=said)
    context = {"form": form, "batch": batch, "columns": columns_for(batch, request.user)}
    return render_page(request, "ledger/journal_add.html", context, partial="form", status=form_status(form))


@keeping("GET", "POST")
def journal_bins(request, batch):
    """What lies in some bins becomes lines, to say where it goes or what it becomes."""
    if "new_bin" not in JOURNALS[batch.kind].columns:
        raise Http404
    form = BinContentForm(typed(request), batch=batch, initial={"bins": request.GET.get("bins", "")})
    if form.is_valid():
        added = add_bin_content(batch, form.cleaned_data["bins"], form.cleaned_data["items"])
        said = ngettext("%s line is added.", "%s lines are added.", added) % written(added)
        return redirect_to(request, last_page(batch), toast=said)
    context = {"form": form, "batch": batch}
    return render_page(request, "ledger/journal_bins.html", context, partial="form", status=form_status(form))


def last_page(batch):
    pages = -(-batch.lines.count() // 50)
    return f"{batch.get_absolute_url()}?page={pages}" if pages > 1 else batch.get_absolute_url()


@keeping("POST")
def journal_delete_lines(request, batch):
    """The lines that were chosen."""
    chosen = [int(key) for key in request.POST.getlist("chosen") if key.isdecimal() and len(key) < 19]
    deleted = delete_lines(batch, chosen)
    said = ngettext("%s line is deleted.", "%s lines are deleted.", deleted) % written(deleted)
    return redirect_to(request, batch, toast=said if chosen else _("No line was chosen."), level="recorded")


@keeping("GET", "POST")
def journal_head(request, batch):
    form = HeadForm(typed(request), initial=HeadForm.head_of(batch))
    if form.is_valid():
        change_batch(batch, **form.cleaned_data)
        return redirect_to(request, batch, toast=_("Saved."))
    context = {"form": form, "batch": batch, "lines": batch.lines.count()}
    return render_page(request, "ledger/journal_head.html", context, partial="form", status=form_status(form))


@keeping("POST", permission="ledger.delete_journalbatch")
def journal_delete(request, batch):
    delete_batch(batch)
    return redirect_to(request, "journals", toast=_("%(number)s is deleted.") % {"number": batch.number})


@keeping("GET", "POST", permission="ledger.post_journalbatch")
def journal_post(request, batch):
    """First what would be written, then, by a POST, it is. Twice is once."""
    if not may_post(request.user, batch):
        raise PermissionDenied
    override = Override(request)
    refused = None
    if request.method == "POST" and is_id(request.POST.get("request_id", "")):
        request_id = UUID(request.POST["request_id"])
        again = Register.objects.filter(request_id=request_id).exists()
        try:
            register = post_batch(batch, by=request.user, request_id=request_id, override=override.reason)
        except DomainError as error:
            refused = error
        else:
            return posted(request, register, again=again)
    is_closed = batch.location_id in closed_to(request)
    context = {
        "batch": batch,
        "override": override,
        "lines": batch.lines.count(),
        "closed": CLOSED if is_closed else "",
    }
    context |= seen_before(request, batch, refused, is_closed)
    if "refused" in context:
        override.met(context["refused"])
    status = 422 if refused else 200
    return render_page(request, "ledger/journal_post.html", context, partial="form", status=status)


def seen_before(request, batch, refused, is_closed):
    """What posting would write, or why it cannot be; without figures where these are closed to this person."""
    if refused is None:
        try:
            shown = partial(shown_of, show_values=request.user.has_perm(SEES_VALUE))
            seen = preview_batch(batch, by=request.user, look=shown)
            return {} if is_closed else {"seen": seen}
        except DomainError as error:
            refused = error
    refused = without_figures(refused) if is_closed else refused
    return {"refused": refused, "problems": getattr(refused, "errors", ())[:SHOWN]}
