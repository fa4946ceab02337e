"""What tests of every room use."""

import signal

import pytest

from mimseg.processes import STOP_SIGNALS


@pytest.fixture
def default_signals():
    """Signals act as in a terminal, also where the tests run in the background or under nohup, which ignore some."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number, handler in before.items():
        if handler == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
