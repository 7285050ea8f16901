"""Every test that takes `id` runs for every environment of the registry, `single_id` for those of one agent."""

import pytest

import shadergym

SINGLE = [id for id in shadergym.ids() if shadergym.spec(id)["agents"] == 1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "id" in metafunc.fixturenames:
        metafunc.parametrize("id", shadergym.ids())
    if "single_id" in metafunc.fixturenames:
        metafunc.parametrize("single_id", SINGLE)
