"""Every wrong command of the corpus ends in one line that names the thing, its value and the fix."""

import pytest
from corpus import World, read_cases


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


EVERY = 8  # in the default run: a case of each kind, in less than a minute


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] * (case.slow or number % EVERY > 0))
        for number, case in enumerate(read_cases())
    ],
)
def test_one_line(world, case):
    outcome = world.run(case)
    assert outcome.verdict(case) == "one line", f"exit {outcome.code}, stderr:\n{outcome.stderr[-3000:]}"


def test_the_corpus_is_large():
    cases = list(read_cases())
    assert len(cases) >= 300
    assert len({str((case.tool, case.command, case.files, case.folders, case.links)) for case in cases}) == len(cases)
