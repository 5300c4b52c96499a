"""A scanner that is not ours: it reads pictures, and sends what scanners send."""

import pypdfium2
import zxingcpp

MILLIMETRES = 25.4 / 72  # one point
DOTS = 300 / 72  # a common printer: 300 to an inch


def scan(picture):
    """What it reads on a picture: the identifier of the symbology, then the data with GS for FNC1."""
    return [read.symbology_identifier + read.bytes.decode() for read in zxingcpp.read_barcodes(picture)]


def sheets_of(pdf):
    return [PrintedPage(page) for page in pypdfium2.PdfDocument(pdf)]


class PrintedPage:
    """A page of a PDF file, as it comes out of a printer."""

    def __init__(self, page):
        self.page = page

    @property
    def size(self):
        """Width and height in whole millimetres."""
        return tuple(round(side * MILLIMETRES) for side in self.page.get_size())

    @property
    def text(self):
        """With single blanks. pdfium marks a hyphen at the end of a line as one that is to be taken away."""
        return " ".join(self.page.get_textpage().get_text_bounded().replace("\ufffe", "-").replace("\x02", "-").split())

    def scans(self):
        return scan(self.page.render(scale=DOTS).to_pil())
