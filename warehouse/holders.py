"""Who holds bins: apps that set holds say where people find the holder, which pages of lower apps do not know.

# counting/apps.py, in ready()
holders.register(links_of_counts)  # links_of_counts(user, numbers): {number: address}, of what this person may see
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from warehouse.models import User

registered: list[Callable[[User, Iterable[str]], dict[str, str]]] = []


@dataclass(frozen=True)
class Holder:
    """`url` is blank where nobody shows this holder to this person."""

    number: str
    url: str = ""


def register(links: Callable[[User, Iterable[str]], dict[str, str]]) -> None:
    registered.append(links)


def holders(user: User, numbers: Iterable[str]) -> list[Holder]:
    """Those who hold something, by their numbers, each with its page."""
    numbers = sorted(set(numbers))
    urls = {number: url for links in registered for number, url in links(user, numbers).items()} if numbers else {}
    return [Holder(number, urls.get(number, "")) for number in numbers]
