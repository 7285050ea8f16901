"""Compares training with peers, taking turns in one run: seconds until CartPole-v1 is solved, or steps per second.

    python benches/training.py --out results.json [--repeats 5] [--until 475] [--only shadergym sb3] [--columns]

Solved: the mean return of the last 100 episodes of training, all 100 of them there, is at least `--until`. Every run is
a process of its own with a seed of its own, at the settings its project publishes; all contenders take turns within
every repeat, each repeat beginning with another. `wall` is what this program waits for the process; `total` is from the
start of the program's code (for shadergym: wall) and `training` from the first reset of the environments, compiling
included. Medians of the repeats with [smallest, largest]; a run that did not get there counts as endless. Ratios
compare the wall of the same turn. Contenders that are not installed are listed as missing.

With `--columns`: environment steps per second of the environments alone, with the policy (rollouts of PPO), and with
training, at the instances and options of each contender's PPO; a process for each turn, compiling not timed. With
`--network conv` on Breakout, MinAtar's convolution and 128 units instead of perceptrons, of those that have it here.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
COLUMNS = ("environment", "inference", "training")
ENVS = ("CartPole-v1", "Breakout")


@dataclass
class Contender:
    name: str
    command: Callable[[argparse.Namespace, int, Path], list[str]] | None
    """Of one training run, from the seed and the name of a folder; none where it takes part in `--columns` only."""
    columns: Callable[[argparse.Namespace, str], list[str]] | None
    """Of a measurement of throughput on an environment of `ENVS`; none where another contender stands for it."""
    needs: Callable[[argparse.Namespace], str | None]
    """What is missing, if anything."""
    read: Callable[[dict], dict] = lambda result: result
    """The keys of `Run` from the last line of the output."""
    envs: tuple[str, ...] = ENVS


def of_shadergym(summary: dict) -> dict:
    """The summary of `shadergym train --json` in the names of the peers."""
    last = summary.get("last_100") or {}
    return {
        "reached": summary["end"] == "until",
        "steps": summary.get("step", summary["steps"]),
        "seconds_training": summary["seconds"],
        "mean_return": last.get("mean"),
        "episodes": summary.get("episodes"),
        "threads": (summary.get("machine") or {}).get("cores"),
        "versions": {"shadergym": summary.get("version")},
    }


def shadergym_train(args: argparse.Namespace, seed: int, folder: Path) -> list[str]:
    # Peers evaluate nothing and draw nothing either.
    options = ["--until", str(args.until), "--seed", str(seed), "--json", "--no-gif", "--eval-episodes", "0"]
    return [str(args.shadergym), "train", "ppo", "CartPole-v1", *options, "--out", str(folder), *args.shadergym_options]


def training_speed(args: argparse.Namespace) -> Path:
    return args.shadergym.parent / "examples" / "training_speed"


def shadergym_columns(settings: str) -> Callable[[argparse.Namespace, str], list[str]]:
    def columns(args: argparse.Namespace, env: str) -> list[str]:
        options = ["--settings", settings, "--env", env, "--seconds", str(args.seconds), "--repeats", "1"]
        conv = ["--set", "network=conv", "--set", "hidden=[128]"] if args.network == "conv" else []
        return [str(training_speed(args)), "--json", *options, *conv, *args.shadergym_options]

    return columns


def shadergym_needs(args: argparse.Namespace) -> str | None:
    if args.columns:
        program, make = training_speed(args), "cargo build --release -p shadergym-agents --example training_speed"
    else:
        program, make = args.shadergym, "cargo build --release"
    return None if program.is_file() else f"no {program}; `{make}` makes it"


def peer(name: str, script: str, options: list[str], modules: list[str], columns: bool, *envs: str) -> Contender:
    def start(args: argparse.Namespace) -> list[str]:
        return [args.python, str(BENCHES / "peers" / script), *options, "--json"]

    def command(args: argparse.Namespace, seed: int, _: Path) -> list[str]:
        return [*start(args), "--seed", str(seed), "--until", str(args.until)]

    def measured(args: argparse.Namespace, env: str) -> list[str]:
        more = ["--env", env, "--seconds", str(args.seconds), "--repeats", "1"]
        conv = ["--network", "conv"] if args.network == "conv" else []
        return [*start(args), "--columns", *more, *conv]

    def needs(args: argparse.Namespace) -> str | None:
        code = "import importlib.util as u, sys; print(*(m for m in sys.argv[1:] if u.find_spec(m) is None))"
        # gymnax has a Breakout of its own.
        games = args.columns and "Breakout" in (envs or ENVS) and "gymnax" not in modules
        wanted = modules + (["minatar"] if games else [])
        found = subprocess.run([args.python, "-c", code, *wanted], capture_output=True, text=True, check=True)
        absent = found.stdout.split()
        if args.columns and args.network == "conv" and script != "ppo_jax.py":
            return "it has no convolutional network here"
        return f"not installed: {', '.join(absent)}" if absent else None

    return Contender(name, command, measured if columns else None, needs, envs=envs or ENVS)


CONTENDERS = [
    Contender("shadergym", shadergym_train, shadergym_columns("own"), shadergym_needs, of_shadergym),
    Contender("shadergym, options of the peers", None, shadergym_columns("peers"), shadergym_needs),
    peer("SB3, zoo settings", "ppo_sb3.py", [], ["stable_baselines3", "torch"], True),
    peer("SB3, own settings", "ppo_sb3.py", ["--settings", "default"], ["stable_baselines3", "torch"], False),
    peer("PyTorch as CleanRL, Gymnasium", "ppo_torch.py", [], ["torch", "gymnasium"], True),
    peer(
        "PyTorch as CleanRL, EnvPool",
        "ppo_torch.py",
        ["--env-backend", "envpool"],
        ["torch", "gymnasium", "envpool"],
        True,
        "CartPole-v1",
    ),
    peer("JAX as PureJaxRL, gymnax", "ppo_jax.py", [], ["jax", "gymnax", "optax"], True),
    peer("JAX as PureJaxRL, all cores", "ppo_jax.py", ["--threads", "1024"], ["jax", "gymnax", "optax"], True),
]


def call(command: list[str], timeout: float) -> dict:
    """The object in the last line of the output with the `wall` seconds, or an `error`."""
    begin = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"no end after {timeout:.0f} s", "command": command}
    wall = time.perf_counter() - begin
    lines = done.stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1]) if done.returncode == 0 else None
    except (IndexError, json.JSONDecodeError):
        result = None
    if not isinstance(result, dict):
        said = (done.stderr.strip() or done.stdout.strip())[-500:]
        return {"error": f"exit code {done.returncode}: {said}", "command": command}
    return result | {"wall": wall, "command": command}


def turns(contenders: list[Contender], repeats: int) -> list[tuple[int, Contender]]:
    """Every contender once per repeat; another begins each time."""
    order = []
    for repeat in range(repeats):
        first = repeat % len(contenders)
        order += [(repeat, contender) for contender in contenders[first:] + contenders[:first]]
    return order


def train(contenders: list[Contender], args: argparse.Namespace) -> dict[str, list[dict]]:
    runs: dict[str, list[dict]] = {contender.name: [] for contender in contenders}
    for repeat, contender in turns(contenders, args.repeats):
        with tempfile.TemporaryDirectory() as folder:
            run = call(contender.command(args, args.seed + repeat, Path(folder) / "run"), args.timeout)
        if "error" not in run:
            try:
                run |= contender.read(run)
            except KeyError as key:
                run["error"] = f"the output lacks {key}"
        run["seed"] = args.seed + repeat
        run.setdefault("seconds_total", run.get("wall"))
        runs[contender.name].append(run)
        said = run.get("error") or f"{run['wall']:.1f} s, {run['steps']} steps, solved: {run['reached']}"
        print(f"seed {run['seed']}, {contender.name}: {said}", file=sys.stderr)
    return runs


def spread(values: list[float], digits: int = 1) -> str:
    if not values:
        return "-"
    figures = (statistics.median(values), min(values), max(values))
    middle, low, high = ("never" if math.isinf(value) else f"{value:,.{digits}f}" for value in figures)
    return f"{middle} [{low}, {high}]"


def figure(run: dict, key: str) -> float:
    """Endless for a run that did not get there."""
    value = run.get(key)
    return float(value) if run.get("reached") and "error" not in run and value is not None else math.inf


def print_training(runs: dict[str, list[dict]], args: argparse.Namespace) -> None:
    walls = {name: [figure(run, "wall") for run in ran] for name, ran in runs.items()}
    peers = [name for name in walls if not name.startswith("shadergym")] or list(walls)
    base = min(peers, key=lambda name: statistics.median(walls[name]))
    print(f"\nCartPole-v1 until the last 100 episodes return {args.until:g}: seconds, {args.repeats} seeds each\n")
    print(f"| | wall | total | training | steps | solved | wall x {base} |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, ran in runs.items():
        cells = [spread(walls[name])]
        cells += [spread([figure(run, key) for run in ran]) for key in ("seconds_total", "seconds_training")]
        cells.append(spread([figure(run, "steps") for run in ran], 0))
        cells.append(f"{sum(not math.isinf(wall) for wall in walls[name])} of {len(ran)}")
        pairs = zip(walls[name], walls[base], strict=True)
        cells.append(spread([own / other for own, other in pairs if not math.isinf(other)], 3))
        print(f"| {name} | {' | '.join(cells)} |")
    for name, ran in runs.items():
        for error in sorted({run["error"] for run in ran if "error" in run}):
            print(f"{name} failed: {error}")


def measure(contenders: list[Contender], args: argparse.Namespace) -> dict[str, dict[str, list[dict]]]:
    """By environment and contender, a result for each turn."""
    results: dict[str, dict[str, list[dict]]] = {}
    for env in args.envs:
        taking_part = [contender for contender in contenders if env in contender.envs]
        results[env] = {contender.name: [] for contender in taking_part}
        for _, contender in turns(taking_part, args.repeats):
            result = call(contender.columns(args, env), args.timeout)
            results[env][contender.name].append(result)
            print(f"{env}, {contender.name}: {result.get('error') or result['medians']}", file=sys.stderr)
    return results


def print_columns(results: dict[str, dict[str, list[dict]]]) -> None:
    """Ratios compare training in the same turn with the peer that is fastest at it."""
    for env, by_name in results.items():
        speeds = {
            name: {column: [result["medians"][column] for result in ran] for column in COLUMNS}
            for name, ran in by_name.items()
            if not any("error" in result for result in ran)
        }
        peers = [name for name in speeds if not name.startswith("shadergym")] or list(speeds)
        base = max(peers, key=lambda name: statistics.median(speeds[name]["training"]), default=None)
        print(f"\n| {env}, env steps/s | environment | + inference | + training | training x {base} |\n|---|--:|--:|--:|--:|")
        for name, ran in by_name.items():
            if name in speeds:
                pairs = zip(speeds[name]["training"], speeds[base]["training"], strict=True)
                ratios = spread([own / other for own, other in pairs], 2)
                print(f"| {name} | {' | '.join(spread(speeds[name][column], 0) for column in COLUMNS)} | {ratios} |")
            else:
                error = next(result["error"] for result in ran if "error" in result)
                print(f"| {name} | failed: {error.splitlines()[-1]} | | | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="seeds, or stretches of each column")
    parser.add_argument("--seed", type=int, default=1, help="of the first repeat")
    parser.add_argument("--until", type=float, default=475.0)
    parser.add_argument("--columns", action="store_true", help="measure throughput instead of time to solve")
    parser.add_argument("--envs", nargs="*", choices=ENVS, default=list(ENVS), help="of --columns")
    parser.add_argument("--network", choices=["mlp", "conv"], default="mlp", help="of --columns on Breakout")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stretch of --columns")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="contenders whose name contains one of these")
    parser.add_argument("--shadergym", type=Path, default=ROOT / "target" / "release" / "shadergym")
    parser.add_argument("--shadergym-options", nargs="*", default=[], help="further ones, e.g. --num-threads=1")
    parser.add_argument("--python", default=sys.executable, help="the one that has the peers")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds that a run may take")
    parser.add_argument("--out", type=Path, help="file for every run as JSON")
    args = parser.parse_args()
    wanted = [c for c in CONTENDERS if not args.only or any(part.lower() in c.name.lower() for part in args.only)]
    wanted = [c for c in wanted if (c.columns if args.columns else c.command)]
    missing = {c.name: reason for c in wanted if (reason := c.needs(args)) is not None}
    contenders = [contender for contender in wanted if contender.name not in missing]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {load}", file=sys.stderr)
    results: dict[str, object] = {}
    if contenders:
        results = measure(contenders, args) if args.columns else train(contenders, args)
        (print_columns(results) if args.columns else print_training(results, args))
    for name, reason in missing.items():
        print(f"{name}: missing, {reason}")
    if args.out:
        options = {name: str(value) if isinstance(value, Path) else value for name, value in vars(args).items()}
        machine = {"system": platform.platform(), "cores": os.cpu_count(), "load": load}
        content = {"options": options, "machine": machine, "missing": missing, "results": results}
        args.out.write_text(json.dumps(content, indent=1) + "\n")
    if not contenders:
        raise SystemExit("nothing to measure")


if __name__ == "__main__":
    main()
