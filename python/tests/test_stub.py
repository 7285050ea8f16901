"""The stub says what the compiled module holds."""

import subprocess
import sys
from importlib import resources

import pytest

import shadergym


def test_the_stub_fits_the_build():
    pytest.importorskip("mypy.stubtest")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "shadergym._native"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_is_typed():
    files = {file.name for file in resources.files(shadergym).iterdir()}
    assert {"py.typed", "_native.pyi"} <= files


def test_everything_public_is_documented():
    for name in shadergym.__all__:
        thing = getattr(shadergym, name)
        assert thing.__doc__, name
        if isinstance(thing, type):
            for method, value in vars(thing).items():
                if not method.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{method}"
