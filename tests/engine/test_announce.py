"""How far a long pass is."""

from mimseg.engine import announce
from mimseg.engine.announce import announced


def at(monkeypatch, *seconds):
    """Let the clock show these times, one a look."""
    clock = iter(map(float, seconds))
    monkeypatch.setattr(announce.time, "monotonic", lambda: next(clock))


def test_a_line_comes_every_half_a_minute_and_never_after_the_last_batch(monkeypatch):
    lines = []
    at(monkeypatch, 0, 20, 40, 60, 80)
    with announced(4, "scored {done} of {batches}", lines.append) as advance:
        for _ in range(4):
            advance()
    assert lines == ["scored 2 of 4, 1 min left"]  # 40 s for two: 40 s for the others


def test_without_a_log_nothing_is_said(monkeypatch):
    at(monkeypatch, 0, 100, 200)
    with announced(3, "{done}", None) as advance:
        advance()
        advance()


def test_other_processes_say_nothing(monkeypatch):
    lines = []
    monkeypatch.setattr(announce, "is_main_process", lambda: False)
    at(monkeypatch, 0, 100)
    with announced(3, "{done}", lines.append, bar="scoring") as advance:
        advance()
    assert lines == []


def test_a_terminal_gets_a_bar_in_place_of_lines(monkeypatch, capsys):
    lines = []
    monkeypatch.setenv("FORCE_COLOR", "1")
    with announced(2, "{done}", lines.append, bar="scoring") as advance:
        advance()
        advance()
    assert lines == [] and "scoring" in capsys.readouterr().err
