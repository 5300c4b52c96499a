"""The statements of posting. Raw SQL, because a document of a million lines must cost as many statements as one line.

A document is staged in temporary tables that live as long as the connection and are emptied at commit:
`posting_line` what the caller named (keys), `posting_unit` the units of those that name one, `posting_stage` one row
for each warehouse entry to come, `posting_item` one row for each item ledger entry to come, `posting_error` what is
wrong, by line; for a reversal, `posting_look` who said after the document that the book was right.
tests/ledger/test_posting_oracle.py compares the result with a plain-Python ledger.
"""
