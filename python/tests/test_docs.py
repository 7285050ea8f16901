"""The Python blocks of the READMEs run, and so does every example."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
READMES = [HERE / "README.md", HERE.parent / "README.md"]
EXAMPLES = HERE / "examples"
SIZES = {
    "check_own_vector_env.py": [],
    "own_wgsl.py": ["8"],
    "pettingzoo_agents.py": ["4"],
    "rollout.py": ["8", "40"],
    "sb3_ppo.py": ["300"],
    "single.py": ["1"],
    "tasks.py": [],
    "teacher_own_env.py": ["60"],
    "teacher_sb3.py": ["1500"],
    "train.py": ["2000"],
    "vector.py": ["8", "40"],
}
LIBRARIES = {
    "pettingzoo_agents.py": "pettingzoo",
    "sb3_ppo.py": "stable_baselines3",
    "teacher_sb3.py": "stable_baselines3",
}


def blocks() -> list:
    """Every Python block with its place."""
    found = []
    for readme in READMES:
        text = readme.read_text(encoding="utf-8") if readme.exists() else ""
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: match.start()].count("\n") + 1
            found.append(pytest.param(match[1], id=f"{readme.parent.name}/{readme.name}:{line}"))
    return found


def run(arguments: list[str], folder: Path) -> str:
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if "no GPU" in done.stderr or "software one will do" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_blocks():
    assert len(blocks()) >= 8


@pytest.mark.parametrize("code", blocks())
def test_a_block_of_a_readme_runs(code, tmp_path):
    if "parallel_env" in code:
        pytest.importorskip("pettingzoo")
    (tmp_path / "thermostat.wgsl").write_text((EXAMPLES / "thermostat.wgsl").read_text())
    run(["-c", code], tmp_path)


def test_every_example_is_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SIZES)


@pytest.mark.parametrize("name", SIZES)
def test_an_example_runs(name, tmp_path):
    library = LIBRARIES.get(name)
    if library and importlib.util.find_spec(library) is None:
        pytest.skip(f"needs {library}")
    assert run([str(EXAMPLES / name), *SIZES[name]], tmp_path)
