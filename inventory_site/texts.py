"""The catalogues of texts: what our sources say, what a language says for it, and the compiled file that Django reads.

Needs Babel, and so is for development and tests only: what it makes is kept in the repository (locale/).
"""

from io import BytesIO
from pathlib import Path

import unfold
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

APPS = ("inventory_site", "warehouse", "ledger", "counting")
THEME = Path(unfold.__file__).parent  # the theme of the admin site brings no catalogue of its own
ONE, TWO, NAMED = None, (1, 2), ((1, "c"), 2)
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), ONE),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), TWO),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), NAMED),
    "npgettext": ((1, "c"), 2, 3),
}


def catalogues() -> list[Path]:
    return sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po"))


def collected() -> Catalog:
    """Every text of our Python and our templates, and of the theme, with the files where it stands."""
    texts = Catalog(charset="utf-8")
    for top, path in sources():
        for _line, text, comments, context in extract("python", BytesIO(python_of(path)), KEYWORDS):
            texts.add(text, locations=[(str(path.relative_to(top)), 0)], auto_comments=comments, context=context)
    return texts


def sources():
    """(the directory that its name is relative to, the file)"""
    here, there = settings.BASE_DIR, THEME.parent
    for app in APPS:
        yield from ((here, path) for path in sorted((here / app).rglob("*.py")) if "migrations" not in path.parts)
    yield from ((here, path) for path in sorted((here / "templates").rglob("*.html")))
    for parts in ("*.py", "templates/**/*.html", "contrib/filters/**/*.html", "contrib/filters/*.py"):
        yield from ((there, path) for path in sorted(THEME.glob(parts)))


def python_of(path):
    if path.suffix == ".py":
        return path.read_bytes()
    # Django's own view of a template, for xgettext; its indentation means nothing.
    lines = templatize(path.read_text(), origin=str(path)).splitlines()
    return "\n".join(line.strip() for line in lines).encode()


def read(path) -> Catalog:
    with open(path, "rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def brought_up_to_date(path) -> Catalog:
    """The catalogue with every text that there is now; new ones wait for a translation, and what went is dropped."""
    catalogue = read(path)
    catalogue.update(collected(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def write(path, catalogue):
    with open(path, "wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))


def translated(message) -> bool:
    return all(message.string) if message.pluralizable else bool(message.string)


def compiled(catalogue) -> bytes:
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()
