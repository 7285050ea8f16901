"""Writes the `.golden` files of the board games, bandits and labyrinths of the `popgym` package.

    pip install popgym==1.0.7 mazelib==0.9.16 numpy
    python make_popgym_boards.py [stem ...]

Every row puts a state into the reference, steps it once and records what came out. Half of the rows have the parameters of
the size, the others some of its box. `<stem>.golden` is the easy size, `<stem>.medium.golden` and `<stem>.hard.golden` are
the others; all sizes of a labyrinth are in one. Arms of bandits never or always pay here: what is drawn is compared by
check_popgym_boards.py, and so are time limits. The newest shot or pull is no part of the reference's state and comes from
the action.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from golden_format import write_golden
from popgym_boards import SIZES, VERSION, cases, words

SEED = 20240604
# Bytes of a file.
LIMIT = 200 * 1024
ROWS = 1500
HERE = Path(__file__).resolve().parent

# The labyrinths' maker says that they are no test of memory.
warnings.simplefilter("ignore", DeprecationWarning)
for package, wanted in (("popgym", VERSION), ("mazelib", "0.9.16")):
    if version(package) != wanted:
        raise SystemExit(f"found {package} {version(package)}: pip install {package}=={wanted}")


def record(case, size):
    rng = np.random.default_rng(SEED)
    columns = {n: [] for n in ("params", "state", "action", "reward", "terminated", "next_state", "observation")}
    width = 4 * (len(case.param_fields) + 2 * len(case.state_fields) + case.actions + 2 + case.elements)
    for _ in range(min(ROWS, LIMIT // width)):
        params = case.draw_params(size, rng)
        env = case.make(params)
        case.start(env, int(rng.integers(2**31)))
        case.prepare(env, rng)
        action = case.action(env, rng)
        columns["params"].append(words(params))
        columns["state"].append(case.state(env))
        columns["action"].append(np.atleast_1d(action))
        observation, reward, terminated, _, _ = case.step(env, action)
        columns["reward"].append(float(reward))
        columns["terminated"].append(int(terminated))
        columns["next_state"].append(case.state(env))
        columns["observation"].append(np.atleast_1d(observation).astype(int))
    return {
        name: np.array(values, np.float32 if name == "reward" else np.uint32) for name, values in columns.items()
    }


def main():
    for size in SIZES:
        for case in cases(size):
            if size not in case.parts or sys.argv[1:] and case.stem not in sys.argv[1:]:
                continue
            columns = record(case, size)
            header = {
                "origin": f"popgym {VERSION} popgym.envs ({case.name}{size})",
                "id": f"POPGym/{case.name}{size}-v0",
                "script": Path(__file__).name,
                "seed": SEED,
                "skipped": 0,
                "state_fields": case.state_fields,
                "param_fields": case.param_fields,
            }
            part = case.parts[size]
            write_golden(HERE / f"{case.stem}{part}.golden", header, columns)
            ends = 100 * columns["terminated"].mean()
            rewards = sorted(set(columns["reward"].tolist()))
            print(f"{case.stem}{part}: {len(columns['state'])} rows, {ends:.0f} % terminated, {len(rewards)} rewards")


if __name__ == "__main__":
    main()
