"""Builds the wheel: python wheel.py OUT [--strict]

On Linux it is linked by zig against glibc 2.17, whatever this machine has, so that it can be installed on systems from
2014 on, and `auditwheel` has to agree. Only the last step is zig's: all crates are those that any other build uses.
It needs `pip install -r wheel-requirements.txt`. Where zig cannot be had, the wheel is for systems as new as this one;
with --strict that is an error.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
GLIBC = "2.17"
"""The oldest that Rust's own standard library for Linux works with."""


def run(command: list[str], environment: dict[str, str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, env=environment, cwd=HERE, check=True, **options)


def zig_linker(folder: Path, environment: dict[str, str]) -> Path | None:
    """A program that links as `cc` would, against the old library; None if there is no zig."""
    tool = shutil.which("cargo-zigbuild", path=environment["PATH"])
    if tool is None:
        return None
    linker = folder / f"zig-cc-{GLIBC}"
    target = f"{platform.machine()}-linux-gnu.{GLIBC}"
    linker.write_text(f'#!/bin/sh\nexec "{tool}" zig cc -- -target {target} "$@"\n')
    linker.chmod(0o755)
    # Whether zig itself is there shows only when it is used.
    probe = subprocess.run([str(linker), "--version"], env=environment, capture_output=True, text=True)
    if probe.returncode != 0:
        print(f"zig does not run: {probe.stderr.strip()}", file=sys.stderr)
        return None
    return linker


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--strict", action="store_true", help="fail where the wheel is not for old systems")
    args = parser.parse_args()
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    # Programs of the environment that runs this come first.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    before = set(out.glob("*.whl"))
    command = ["maturin", "build", "--release", "--locked", "--out", str(out)]
    portable = None
    if sys.platform == "linux":
        portable = zig_linker(out, environment)
        if portable is not None:
            command += ["--compatibility", f"manylinux_{GLIBC.replace('.', '_')}", "--", "-C", f"linker={portable}"]
    try:
        run(command, environment)
    finally:
        if portable is not None:
            portable.unlink()
    wheel = max(out.glob("*.whl"), key=lambda made: (made not in before, made.stat().st_mtime))
    print(wheel.name, f"{wheel.stat().st_size / 1e6:.1f} MB")
    if sys.platform != "linux":
        return 0
    if portable is None:
        print("this wheel is for systems as new as this one: zig or cargo-zigbuild is missing", file=sys.stderr)
        return 1 if args.strict else 0
    shown = run(["auditwheel", "show", str(wheel)], environment, capture_output=True, text=True).stdout
    shown = " ".join(shown.split())
    print(shown)
    found = re.search(r'consistent with the following platform tag: "manylinux_(\d+)_(\d+)_', shown)
    if found is None or (int(found[1]), int(found[2])) > tuple(map(int, GLIBC.split("."))):
        print(f"auditwheel does not take it for manylinux with glibc {GLIBC}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
