"""Every test that takes `id` runs for every environment file of the registry, `single_id` for those of one agent. Of a file with
variants its own id is enough: what Python adds knows of spaces alone, and rules are tested in Rust."""

from collections.abc import Iterator

import numpy as np
import pytest
from gymnasium.utils import seeding

import shadergym

IDS = [id for id in shadergym.ids() if shadergym.spec(id)["variant_of"] is None]
SINGLE = [id for id in IDS if shadergym.spec(id)["agents"] == 1]


def pytest_configure(config: pytest.Config) -> None:
    # Gymnasium says so of every id that has a later version, also where both are kept for good, as MinAtar's action sets.
    config.addinivalue_line("filterwarnings", "ignore:.*is out of date. You should consider upgrading")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "id" in metafunc.fixturenames and "device" not in metafunc.fixturenames:
        metafunc.parametrize("id", IDS)
    if "single_id" in metafunc.fixturenames:
        metafunc.parametrize("single_id", SINGLE)


@pytest.fixture(autouse=True)
def repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces that nobody seeded draw the same in every run of a test, so that what fails, fails again; no two draw alike."""
    seeds: Iterator[int] = iter(range(1_000_000))
    drawn = seeding.np_random

    def seeded(seed: int | None = None) -> tuple[np.random.Generator, int]:
        return drawn(next(seeds) if seed is None else seed)

    monkeypatch.setattr(seeding, "np_random", seeded)
