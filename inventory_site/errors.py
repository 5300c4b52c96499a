from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class DomainError(ValidationError):
    """A rule of the business was broken: people read the text, callers test the code."""

    code, text = "invalid", gettext_lazy("Not allowed.")

    def __init__(self, *args, **params):
        # *args is what pickle and ValidationError itself pass back in.
        super().__init__(*(args or (self.text, self.code, params)))

    def __str__(self):
        return " ".join(self.messages)


@dataclass(frozen=True)
class LineError:
    """One broken line: `line` is what the sender calls it, a row number or a line of a document.

    `blockers` are the numbers of what is in its way, for whoever wants to show where to find it.
    """

    line: int
    code: str
    message: str
    blockers: tuple[str, ...] = ()

    def __str__(self):
        return _("Line %(line)s: %(message)s") % {"line": self.line, "message": self.message}


class LinesRefused(DomainError):
    """Everything that is wrong with the lines of a document, collected and raised once."""

    code, text = "lines_refused", gettext_lazy("Nothing was posted: lines must be corrected first.")

    def __init__(self, errors):
        self.errors = tuple(errors)
        super().__init__()

    def __reduce__(self):
        return type(self), (self.errors,)

    def __str__(self):
        return "\n".join([super().__str__(), *map(str, self.errors)])
