"""Type checkers: over the package itself, and over a program of a user."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SAMPLE = HERE / "typed.py"
WRONG = "import shadergym\nshadergym.make_vec('CartPole-v1', 8).no_such_method()\n"


def check(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=600)


def pyright(folder: Path, *files: Path) -> subprocess.CompletedProcess:
    pytest.importorskip("pyright")
    done = check(["pyright", "--pythonpath", sys.executable, *map(str, files)], folder)
    if done.returncode not in (0, 1):
        # It needs Node.js and, once, the npm registry.
        assert not os.environ.get("CI"), done.stdout + done.stderr
        pytest.skip(f"pyright does not run here: {done.stderr.strip()[-300:]}")
    return done


def test_mypy_has_nothing_to_say_of_the_package(tmp_path):
    pytest.importorskip("mypy")
    done = check(["mypy", "--config-file", str(HERE.parent / "pyproject.toml"), "-p", "shadergym"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_knows_what_a_user_gets(tmp_path):
    pytest.importorskip("mypy")
    done = check(["mypy", "--strict", str(SAMPLE)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    assert "no_such_method" in check(["mypy", "--strict", str(wrong)], tmp_path).stdout


def test_pyright_knows_what_a_user_gets(tmp_path):
    done = pyright(tmp_path, SAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    assert "no_such_method" in pyright(tmp_path, wrong).stdout


def test_the_sample_runs(tmp_path):
    done = subprocess.run([sys.executable, "-W", "error", str(SAMPLE)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
