"""What is too much for one print is printed in parts: `?part=2`. A part costs as much as it holds."""

from functools import cached_property


class Part:
    """The things from `start` to `stop` of `total`, as the address asks; a part that is not there is the last one."""

    def __init__(self, request, *, total, size):
        self.request, self.total, self.size = request, total, size

    @property
    def count(self):
        return max(1, -(-self.total // self.size))

    @cached_property
    def number(self):
        asked = self.request.GET.get("part", "")[:9]
        return min(max(1, int(asked)), self.count) if asked.isdecimal() else 1

    @property
    def start(self):
        return (self.number - 1) * self.size

    @property
    def stop(self):
        return min(self.start + self.size, self.total)

    @property
    def first(self):
        return self.start + 1 if self.total else 0

    @property
    def slice(self):
        return slice(self.start, self.stop)

    @property
    def previous_url(self):
        return self.url(self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self):
        return self.url(self.number + 1) if self.number < self.count else ""

    def url(self, number):
        query = self.request.GET.copy()
        query["part"] = number
        return f"{self.request.path}?{query.urlencode()}"
