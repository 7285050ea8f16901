"""Runs the tests at the bounds of what pyproject.toml declares: python bounds.py WHEEL [--only NAME ...] [-- PYTEST ARGUMENTS]

    lower     the lowest Python of the classifiers, the lowest release that each dependency's bound allows
    upper     the highest Python, the newest releases
    minors    each minor release of Gymnasium between the two, with the last NumPy before 2.0
    pythons   each Python of the classifiers between the two, with the newest releases

Everything is read from pyproject.toml; nothing is said twice. An interpreter that this machine does not have is left
out with a line that says so, and a `lower` without its Python takes the lowest that there is. Each bound is an
environment of its own in a temporary folder. The tests are those of this folder, against the wheel as a user has it.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PROJECT = (HERE.parent / "pyproject.toml").read_text(encoding="utf-8")
TOOLS = ["pytest>=8", "pettingzoo>=1.25"]


class Bound(NamedTuple):
    """An environment to test in."""

    name: str
    python: str
    requirements: list[str]


def dependencies() -> dict[str, str]:
    """Names of the package's dependencies and their lowest releases."""
    listed = re.search(r"^dependencies = \[(.*?)\]", PROJECT, re.MULTILINE | re.DOTALL)
    assert listed, "pyproject.toml lists dependencies"
    found = re.findall(r'"([\w-]+)>=([\d.]+)', listed[1])
    assert len(found) == listed[1].count(">="), listed[1]
    # `numpy>=1.23` allows 1.23.0.
    return {name: ".".join([*low.split("."), "0", "0"][:3]) for name, low in found}


def declared_pythons() -> list[str]:
    """Versions of the classifiers, lowest first; `requires-python` is the first of them."""
    found = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PROJECT)
    lowest = re.search(r'requires-python = ">=(3\.\d+)"', PROJECT)
    assert lowest and found and found[0] == lowest[1], "the lowest classifier is requires-python"
    return found


def interpreter(version: str) -> str | None:
    """The path of a CPython of this version that can make environments."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), *glob.glob(f"{Path.home()}/.pyenv/versions/{version}*/bin")]
    for folder in folders:
        path = Path(folder, f"python{version}")
        code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
        if path.is_file():
            done = subprocess.run([str(path), "-c", code], capture_output=True, text=True)
            if done.returncode == 0 and done.stdout.strip() == version:
                return str(path)
    return None


def newest_of_each_minor(name: str, lowest: str, python: str) -> list[str]:
    """The newest release of each minor version from `lowest` on that pip knows for this Python."""
    command = [python, "-m", "pip", "index", "versions", name, "--disable-pip-version-check"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    listed = re.search(r"Available versions: (.*)", text)
    assert listed, text
    newest: dict[tuple[int, int], str] = {}
    for release in listed[1].split(", "):
        numbers = tuple(map(int, re.findall(r"\d+", release)[:2]))
        if re.fullmatch(r"[\d.]+", release) and numbers >= tuple(map(int, lowest.split(".")[:2])):
            newest.setdefault(numbers, release)
    return [newest[numbers] for numbers in sorted(newest)]


def bounds() -> list[Bound]:
    """All that this machine can test."""
    pythons = {}
    for version in declared_pythons():
        path = interpreter(version)
        if path is None:
            print(f"bounds: no CPython {version} on this machine, nothing is tested with it", flush=True)
        else:
            pythons[version] = path
    if not pythons:
        sys.exit(f"bounds: none of CPython {', '.join(declared_pythons())} is on this machine")
    (low, lowest), (high, highest) = list(pythons.items())[0], list(pythons.items())[-1]
    wanted = dependencies()
    found = [
        Bound(f"lower: Python {low}", lowest, [f"{name}=={release}" for name, release in wanted.items()]),
        Bound(f"upper: Python {high}", highest, []),
    ]
    for release in newest_of_each_minor("gymnasium", wanted["gymnasium"], lowest)[:-1]:
        found.append(Bound(f"minors: Gymnasium {release}", lowest, [f"gymnasium=={release}", "numpy<2"]))
    for version, path in list(pythons.items())[1:-1]:
        found.append(Bound(f"pythons: Python {version}", path, []))
    return found


def test(bound: Bound, wheel: Path, arguments: list[str], folder: Path) -> bool:
    """Whether the tests pass there."""
    subprocess.run([bound.python, "-m", "venv", str(folder)], check=True)
    python = str(next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists()))
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel), *bound.requirements, *TOOLS], check=True)
    code = (
        "import sys, json, numpy, gymnasium, shadergym; print(json.dumps([sys.version.split()[0], gymnasium.__version__, "
        "numpy.__version__]))"
    )
    found = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True)
    if found.returncode != 0:
        print(f"== {bound.name}\n{found.stderr}", flush=True)
        return False
    version, gymnasium, numpy = json.loads(found.stdout)
    print(f"== {bound.name}: CPython {version}, Gymnasium {gymnasium}, NumPy {numpy}", flush=True)
    for requirement in bound.requirements:
        if "==" in requirement:
            assert requirement.split("==")[1] in (gymnasium, numpy), f"{requirement} was not installed"
    return subprocess.run([python, "-m", "pytest", "-q", *arguments], cwd=HERE).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--only", nargs="+", action="extend", default=[], help="beginnings of names, such as `lower`")
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    args = parser.parse_args(given[:split])
    failed = []
    for bound in bounds():
        if args.only and not bound.name.startswith(tuple(args.only)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            if not test(bound, args.wheel.resolve(), given[split + 1 :], Path(folder)):
                failed.append(bound.name)
    print("bounds:", f"failed at {', '.join(failed)}" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
