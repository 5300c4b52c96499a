import pickle

from inventory_site.errors import DomainError, LineError, LinesRefused


class BinIsFull(DomainError):
    code, text = "bin_is_full", "Bin %(bin)s is full. Choose another."


class NothingPosted(LinesRefused):
    code, text = "nothing_posted", "%(number)s was not posted."


def test_an_error_has_a_code_for_callers_and_a_sentence_for_people():
    error = BinIsFull(bin="A-01")

    assert error.code == "bin_is_full"
    assert error.messages == ["Bin A-01 is full. Choose another."]
    assert str(error) == "Bin A-01 is full. Choose another."


def test_an_error_travels_through_pickle():
    error = pickle.loads(pickle.dumps(BinIsFull(bin="A-01")))

    assert type(error) is BinIsFull
    assert error.messages == ["Bin A-01 is full. Choose another."]


def test_refused_lines_are_all_said_at_once():
    error = LinesRefused([LineError(1, "negative", "Only 3 are here."), LineError(7, "held", "Bin B-02 is held.")])

    assert "Line 1: Only 3 are here." in str(error)
    assert "Line 7: Bin B-02 is held." in str(error)
    assert [each.code for each in error.errors] == ["negative", "held"]


def test_refused_lines_travel_through_pickle():
    error = pickle.loads(pickle.dumps(LinesRefused([LineError(1, "negative", "Only 3 are here.")])))

    assert error.errors == (LineError(1, "negative", "Only 3 are here."),)
    assert error.code == "lines_refused"
