"""A count on a spreadsheet: taken out, filled in at a desk, and brought back while somebody counts on the phone."""

import pytest
from openpyxl import load_workbook

from counting.models import CountSession
from tests.browser.given import Lindhafen
from tests.counting.given import count, given_session

pytestmark = pytest.mark.browser


def test_a_count_leaves_as_a_workbook_and_comes_back_past_another_counter(at_work, device, tmp_path):
    lindhafen = Lindhafen()
    session = given_session(lindhafen.location, by=lindhafen.employs("ada", "Supervisor"))
    lena = at_work(lindhafen.employs("lena", "Supervisor", first_name="Lena"), device).comes_in()
    ama = lindhafen.employs("ama", "Counter", first_name="Ama", last_name="Boateng")

    book = takes_the_lines_out(lena, session, tmp_path)
    fills_in(book, {"HW-1001": 50, "HW-1002": 99})
    count(session.lines.get(quant=lindhafen.padlocks), 51, by=ama)
    brings_it_back(lena, session, book)
    takes_hers_where_both_counted(lena)
    lena.press("Take 6 counts")
    lena.reads("6 counts are taken")
    lena.looks("counts-imported")

    padlocks = session.lines.get(quant=lindhafen.padlocks)
    assert (padlocks.counted_quantity, padlocks.counted_by) == (50, lena.user)
    assert session.lines.counted().count() == 6
    assert list(CountSession.objects.get().activities.values_list("deed", flat=True)[:2]) == ["imported", "exported"]
    brings_it_back(lena, session, book)
    lena.reads("This file was imported before")


def takes_the_lines_out(lena, session, folder):
    lena.goes(session.get_absolute_url())
    lena.follows("As a spreadsheet")
    lena.looks("count-export")
    with lena.page.expect_download() as download:
        lena.press("Download")
    download.value.save_as(folder / "lines.xlsx")
    return folder / "lines.xlsx"


def fills_in(path, counts):
    """By the number of the item, in every bin."""
    book = load_workbook(path)
    header, *rows = book.active.iter_rows()
    columns = {cell.value: position for position, cell in enumerate(header)}
    for row in rows:
        quantity = counts.get(row[columns["Item"]].value)
        row[columns["Counted"]].value = quantity
    book.save(path)


def brings_it_back(lena, session, path):
    lena.goes(session.get_absolute_url())
    lena.follows("Import counts")
    lena.page.get_by_label("File", exact=True).set_input_files(path)
    lena.looks("count-import")
    lena.press("Check the file")


def takes_hers_where_both_counted(lena):
    lena.reads("Ama Boateng counted 51")
    lena.looks("count-import-conflict")
    assert lena.page.get_by_role("button", name="Take").count() == 0
    lena.page.get_by_role("group", name="Whose count stands").get_by_label("Take the file").check()
    lena.reads("Take 6 counts")
