import pytest

from tests.browser.people import Person
from tests.conftest import PATIENCE

DEVICES = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
}


@pytest.fixture(params=DEVICES)
def device(request):
    """Options of a browser context: the test runs once on each."""
    return DEVICES[request.param]


@pytest.fixture
def at_work(browser, live_server):
    """`at_work(user, device)`: this person with a browser of their own. Nothing on their pages may go wrong unseen."""
    people = []

    def begin(user, device=DEVICES["desktop"], **options):
        options = {"locale": "en-GB", "service_workers": "block", **device, **options}
        context = browser.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(PATIENCE)
        people.append(Person(context, user, live_server.url))
        return people[-1]

    yield begin
    for person in people:
        person.context.close()
    assert [trouble for person in people for trouble in person.troubles] == []
