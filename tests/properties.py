"""What all property tests share: how many examples, a database that each example leaves as it found it, random stock.

`HYPOTHESIS_PROFILE=thorough pytest ...` looks for longer, and elsewhere each time. The default looks at the same
examples every time, so that a change of ours is the only reason for a red test.
"""

import os
from contextlib import contextmanager

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "ci",
    max_examples=30,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.register_profile(
    "thorough",
    settings.get_profile("ci"),
    max_examples=1000,
    stateful_step_count=80,
    derandomize=False,
    print_blob=True,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def for_long_stories():
    """For stateful tests, whose examples are long."""
    return settings(max_examples=settings.default.max_examples * 3 // 4)


@contextmanager
def rolled_back():
    """A transaction that leaves no trace: the examples of a property share the database of one test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
