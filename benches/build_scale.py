#!/usr/bin/env python3
"""How the cold build grows with the number of environments: seconds to build the crate of environments from nothing, with
the third-party crates already built, for two numbers of them; extrapolated to 80 beside the target.

    python3 benches/build_scale.py                    # 10 and 40 copies of the shipped files, extrapolated to 80
    python3 benches/build_scale.py --copies 9 18      # quicker, coarser

The copies are the shipped files under other ids and stems, in a workspace of their own that is removed again. Wall seconds
mean something on an idle machine only, so the load and the processor seconds are printed beside them: what waits for
another program costs no processor time.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES = ["shadergym-compiler", "shadergym-shaders"]
NOT_FAMILIES = {"compiler", "kernel", "shared", "src", "tests", "target"}


def shipped() -> list[Path]:
    """The environments' files, as shaders/build.rs finds them."""
    folders = [f for f in (ROOT / "shaders").iterdir() if f.is_dir() and f.name not in NOT_FAMILIES]
    return sorted(path for folder in folders for path in folder.glob("*.wgsl"))


def workspace(folder: Path) -> None:
    """The two crates that environments go through, without environments."""
    families = {path.parent.name for path in shipped()}
    shutil.copytree(ROOT / "shaders", folder / "shaders", ignore=lambda _, names: families & set(names) | {"target"})
    shutil.copy(ROOT / "Cargo.lock", folder)
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest = re.sub(r"(?m)^members = .*$", 'members = ["shaders/compiler", "shaders"]', manifest)
    manifest = re.sub(r"(?m)^default-members = .*\n", "", manifest)
    manifest = re.sub(r"(?m)^shadergym-(?!compiler|shaders)\S* = .*\n", "", manifest)
    (folder / "Cargo.toml").write_text(manifest)
    # The compiler's tests use a crate that is not here.
    crate = folder / "shaders/compiler/Cargo.toml"
    crate.write_text(re.sub(r"(?ms)^\[dev-dependencies\].*?(?=^\[|\Z)", "", crate.read_text()))
    crate = folder / "shaders/Cargo.toml"
    crate.write_text(re.sub(r"(?ms)^\[dev-dependencies\].*?(?=^\[|\Z)", "", crate.read_text()))


def fill(folder: Path, count: int) -> None:
    """Puts `count` renamed copies of the shipped files into the workspace, each file as often as the others."""
    files = shipped()
    for family in {path.parent.name for path in files}:
        shutil.rmtree(folder / "shaders" / family, ignore_errors=True)
    for i in range(count):
        path = files[i % len(files)]
        text, renamed = re.subn(r"\A//! (\S+)-v", rf"//! \g<1>Copy{i}-v", path.read_text())
        assert renamed == 1, f"{path} does not begin with its id"
        # Variants have ids too.
        text = re.sub(r"(?m)^//! - (\S+)-v", rf"//! - \g<1>Copy{i}-v", text)
        to = folder / "shaders" / path.parent.name / f"{path.stem}_copy{i}.wgsl"
        to.parent.mkdir(exist_ok=True)
        to.write_text(text)


def cargo(folder: Path, *arguments: str) -> None:
    environment = os.environ | {"CARGO_TARGET_DIR": str(folder / "target"), "CARGO_INCREMENTAL": "0"}
    subprocess.run(["cargo", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def build(folder: Path, jobs: int) -> tuple[float, float]:
    """Builds the crate of environments and what it is made of; wall and processor seconds."""
    cargo(folder, "clean", "--release", *(part for crate in CRATES for part in ("-p", crate)))
    spent = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    begin, before = time.monotonic(), spent()
    cargo(folder, "build", "--release", "--lib", "-p", "shadergym-shaders", "-j", str(jobs))
    return time.monotonic() - begin, spent() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, nargs=2, default=[10, 40], metavar=("FEW", "MANY"))
    parser.add_argument("--total", type=int, default=80, help="environments to extrapolate to")
    parser.add_argument("--target", type=float, default=240, help="seconds that the build of so many may take")
    parser.add_argument("--jobs", type=int, default=2, help="cores")
    arguments = parser.parse_args()
    few, many = arguments.copies
    if not 0 < few < many:
        parser.error(f"--copies {few} {many}: the first number must be positive and less than the second")
    with tempfile.TemporaryDirectory(prefix="build_scale_") as name:
        folder = Path(name)
        workspace(folder)
        try:
            fill(folder, 1)
            cargo(folder, "build", "--release", "--lib", "-p", "shadergym-shaders")
            print(f"{'environments':>12} {'wall s':>8} {'cpu s':>8} {'load':>6}")
            points = []
            for count in (few, many):
                fill(folder, count)
                load = os.getloadavg()[0]
                wall, cpu = build(folder, arguments.jobs)
                points.append((wall, cpu))
                print(f"{count:>12} {wall:>8.1f} {cpu:>8.1f} {load:>6.1f}", flush=True)
        except subprocess.CalledProcessError as error:
            raise SystemExit(error.stderr.decode()) from None
    wall, cpu = (b + (b - a) / (many - few) * (arguments.total - many) for a, b in zip(*points))
    print(f"{arguments.total:>12} {wall:>8.1f} {cpu:>8.1f}   extrapolated")
    print(f"{'per one':>12} {(wall - points[1][0]) / (arguments.total - many):>8.2f} {(cpu - points[1][1]) / (arguments.total - many):>8.2f}")
    print(f"target: {arguments.target:.0f} s for {arguments.total} on {arguments.jobs} cores: {'met' if wall <= arguments.target else 'missed'}")


if __name__ == "__main__":
    main()
