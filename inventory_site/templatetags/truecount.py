"""Our words and figures in templates; built in, so no {% load %} is needed.

Filters: quantity, signed, money, signed_money (both also with a currency: money:"€"), percent, arithmetic,
         expiry, moment, full_moment, day, weekday, weekday_and_time, kind, status_word, initials
Tags:    {% icon "scan" %}  {% chip status word %}  {% glyph status word %}  {% control field %}  {% sign discrepancy %}

Minus is − (U+2212), plus is always written in a difference, blank is –, zero is 0. Marks, groups and the order of
dates are those of the reader's language.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language_bidi, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from inventory_site.figures import localized

register = template.Library()

BLANK, MINUS = "–", "−"
LEFT_TO_RIGHT = "\u200e"
EXPIRES_SOON = timedelta(days=60)
WORDS = {
    "draft": gettext_lazy("Draft"),
    "counting": gettext_lazy("Counting"),
    "counted": gettext_lazy("Counted"),
    "posting": gettext_lazy("Posting"),
    "completed": gettext_lazy("Completed"),
    "cancelled": gettext_lazy("Cancelled"),
    "uncounted": gettext_lazy("Not counted"),
    "recorded": gettext_lazy("Recorded"),
    "matched": gettext_lazy("Match"),
    "variance": gettext_lazy("Differs"),
    "short": gettext_lazy("Short"),
    "over": gettext_lazy("Over"),
    "recount": gettext_lazy("Recount"),
    "accepted": gettext_lazy("Accepted"),
    "transfer": gettext_lazy("Transfer"),
    "missing": gettext_lazy("Missing"),
    "released": gettext_lazy("Released"),
    "waiting": gettext_lazy("Waiting"),
    "stuck": gettext_lazy("Stuck"),
    "overdue": gettext_lazy("Overdue"),
    "online": gettext_lazy("Online"),
    "error": gettext_lazy("Error"),
}


# Figures


@register.filter
def quantity(value):
    """1,234.5 without trailing zeros, in German 1.234,5; blank is –."""
    number = decimal(value)
    return BLANK if number is None else in_line(written(plain(number)))


@register.filter
def signed(value):
    """A difference: +3, −1.5, 0."""
    number = decimal(value)
    return BLANK if number is None else in_line(with_plus(number, written(plain(number))))


@register.filter
def money(value, currency=""):
    number = decimal(value)
    return BLANK if number is None else in_line(amount(number, currency))


@register.filter
def signed_money(value, currency=""):
    number = decimal(value)
    return BLANK if number is None else in_line(with_plus(round(number, 2), amount(number, currency)))


@register.filter
def percent(value):
    """97.5 %, to the first decimal."""
    number = decimal(value)
    return BLANK if number is None else f"{written(round(number, 1), 1)} %"


@register.filter
def arithmetic(text):
    """The sum behind a count, as the reader would type it: 4 × 2,5 + 1."""
    return localized(text or "")


def decimal(value):
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(number):
    """The same number with no zeros behind the point, and no exponent."""
    return Decimal(f"{number.normalize():f}")


def written(number, decimals=None):
    """By the reader's locale, grouped, with a real minus and no minus zero."""
    places = max(0, -number.as_tuple().exponent) if decimals is None else decimals
    return (
        number_format(abs(number), places, force_grouping=True) if number >= 0 else MINUS + written(-number, decimals)
    )


def amount(number, currency):
    """To the cent; the sign stands before the currency."""
    text = written(round(number, 2), 2)
    return f"{MINUS}{currency}{text[1:]}" if text.startswith(MINUS) else f"{currency}{text}"


def in_line(text):
    """Among words that run from right to left a sign would go behind its number; a mark in front of it keeps it."""
    return f"{LEFT_TO_RIGHT}{text}" if get_language_bidi() else text


def with_plus(number, text):
    return f"+{text}" if number > 0 else text


@register.simple_tag
def sign(value):
    """The status of a difference, for data-status: short, over, or nothing."""
    number = decimal(value) or 0
    return "short" if number < 0 else "over" if number > 0 else ""


# Dates


@register.filter
def day(value):
    """17 Nov 2026."""
    return date_format(local(value), pgettext("format", "j M Y")) if value else BLANK


@register.filter
def weekday(value):
    """Tuesday 17 November."""
    return date_format(local(value), pgettext("format", "l j F"))


@register.filter
def weekday_and_time(value):
    """Tuesday 17 November, 09:41."""
    return date_format(local(value), pgettext("format", "l j F, H:i"))


@register.filter
def time_of_day(value):
    """09:41."""
    return date_format(local(value), pgettext("format", "H:i"))


@register.filter
def full_moment(value):
    """17 Nov 2026, 09:41."""
    return date_format(local(value), pgettext("format", "j M Y, H:i")) if value else BLANK


@register.filter
def moment(value):
    """09:41 today, 17 Nov 09:41 this year, 17 Nov 2026 before; in full on pointing at it."""
    if not value:
        return BLANK
    at, now = local(value), timezone.localtime()
    if at.date() == now.date():
        text = time_of_day(at)
    elif at.year == now.year:
        text = date_format(at, pgettext("format", "j M H:i"))
    else:
        text = day(at)
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), full_moment(at), text)


@register.filter
def expiry(value):
    """exp 30 Apr 2027; bold within 60 days, and "expired" once the day is over."""
    if not value:
        return ""
    ends, today = local(value), timezone.localdate()
    ends = ends.date() if isinstance(ends, datetime) else ends
    if ends < today:
        return format_html("<b>{} {}</b>", _("expired"), day(ends))
    if ends <= today + EXPIRES_SOON:
        return format_html("<b>{} {}</b>", _("exp"), day(ends))
    return format_html("{} {}", _("exp"), day(ends))


def local(value):
    if isinstance(value, datetime):
        return timezone.localtime(value) if timezone.is_aware(value) else value
    return value if isinstance(value, date) else date.fromisoformat(str(value))


# Marks


@register.simple_tag
def icon(name, label=""):
    """A symbol of static/icons.svg. With a label it is read out; else a word stands beside it."""
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, static("icons.svg"), name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name)


@register.simple_tag
def chip(status, word=""):
    """A status on its ground; the word is ours unless one is given."""
    return mark("chip", status, word)


@register.simple_tag
def glyph(status, word=""):
    """A status without ground, in running text."""
    return mark("glyph", status, word)


def mark(css, status, word):
    status = str(getattr(status, "value", status))
    return format_html('<span class="{}" data-status="{}">{}</span>', css, status, word or status_word(status))


@register.filter
def status_word(status):
    status = str(getattr(status, "value", status))
    return WORDS.get(status) or capfirst(status.replace("_", " "))


@register.filter
def kind(tracking):
    """BULK, LOT, SERIAL or RFID in its little frame, in the words of warehouse.models.Tracking."""
    word = str(getattr(tracking, "value", tracking) or "").upper()
    return format_html('<span class="kind">{}</span>', _(word)) if word else ""


@register.filter
def initials(person):
    """LO for Lena Okafor."""
    words = str(person or "").replace(".", " ").replace("_", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


# Forms

BOXES = ("checkbox", "radio", "file", "hidden")


@register.simple_tag
def control(field, **attrs):
    """The control of a field, dressed; Django itself links it with its hint and its error."""
    widget = field.field.widget
    attrs = {name.replace("_", "-"): value for name, value in attrs.items() if value not in ("", None)}
    if getattr(widget, "input_type", "") not in BOXES or getattr(widget, "input_type", "") == "file":
        attrs["class"] = " ".join(filter(None, ["input", widget.attrs.get("class", ""), attrs.get("class", "")]))
    if field.errors and not field.use_fieldset:
        attrs.setdefault("aria-describedby", field.aria_describedby)
    return field.as_widget(attrs=attrs)


@register.filter
def control_type(field):
    """checkbox, choices (radios or boxes), textarea or line: how components/field.html lays it out."""
    widget = field.field.widget
    input_type = getattr(widget, "input_type", "")
    if input_type == "checkbox" and not hasattr(widget, "choices"):
        return "checkbox"
    if input_type in ("radio", "checkbox"):
        return "choices"
    return "textarea" if type(widget).__name__ == "Textarea" else "line"


@register.filter
def has_lines(form):
    return bool(getattr(form, "line_errors", ()))
