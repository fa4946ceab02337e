import pytest

from mimseg.selection.ledger import Ledger


def test_what_the_tasks_cost_is_what_their_images_took_longer(monkeypatch):
    now = iter([0.0, 0.0, 1.0, 2.0, 6.0, 6.0, 9.0, 9.5, 9.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    ledger = Ledger()
    ledger.start()
    ledger.add_iteration(10, False)
    ledger.add_iteration(10, False)  # 0.1 s an image
    ledger.add_iteration(20, True)  # 0.2 s an image
    ledger.start()
    assert ledger.add_selection() == 3.0
    ledger.add_records()
    assert (ledger.images, ledger.seconds, ledger.selection_seconds, ledger.record_seconds) == (40, 6.0, 3.0, 0.5)
    assert ledger.predictor_seconds == pytest.approx(2.0)
    assert Ledger(**ledger.state()) == ledger
