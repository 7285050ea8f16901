"""Writes the `.golden` files of bsuite's tasks from the environments of the `bsuite` package.

    pip install --no-deps bsuite==0.3.6
    pip install dm-env numpy
    python make_bsuite.py [stem ...]

Every row puts a state into the reference environment, steps it once and records what came out, for all
settings of the parameters. What the reference draws within a step is kept out of the rows (noise 0, no
distractors, no slips); check_bsuite.py compares it as distributions.
"""

import sys
from pathlib import Path

import numpy as np

from bsuite_tasks import CASES, VERSION
from golden_format import bits, write_golden

SEED = 20240611
HERE = Path(__file__).resolve().parent


def words(rows):
    """Rows of integers and floats as 32-bit words."""
    columns = [bits(np.array(column)) for column in zip(*rows)]
    return np.stack(columns, axis=1)


def record(case):
    rng = np.random.default_rng(SEED)
    chosen = list(case.grid(rng))
    if len(chosen) > case.rows:
        chosen = [chosen[i] for i in sorted(rng.permutation(len(chosen))[: case.rows])]
    columns = {name: [] for name in ("params", "state", "action", "reward", "terminated", "next_state", "observation")}
    for params, state, action in chosen:
        env = case.make(params)
        env.reset()
        case.load(env, state)
        step = env.step(action)
        columns["params"].append(params)
        columns["state"].append(state)
        columns["action"].append(action)
        columns["reward"].append(np.float32(step.reward))
        columns["terminated"].append(int(step.last()))
        columns["next_state"].append(case.after(env, state, action, step.reward))
        columns["observation"].append(bits(case.see(env, step.observation)))
    return {
        "params": words(columns["params"]),
        "state": words(columns["state"]),
        "action": bits(np.array(columns["action"])),
        "reward": np.array(columns["reward"], np.float32),
        "terminated": np.array(columns["terminated"], np.uint32),
        "next_state": words(columns["next_state"]),
        "observation": np.stack(columns["observation"]),
    }


def main():
    for case in CASES:
        if sys.argv[1:] and case.stem not in sys.argv[1:]:
            continue
        columns = record(case)
        header = {
            "origin": f"bsuite {VERSION} bsuite.environments.{case.stem} ({case.name})",
            "script": Path(__file__).name,
            "seed": SEED,
            "skipped": 0,
            "state_fields": case.state_fields,
            "param_fields": case.param_fields,
        }
        write_golden(HERE / f"{case.stem}.golden", header, columns)
        print(f"{case.stem}: {len(columns['reward'])} rows, {100 * columns['terminated'].mean():.1f} % terminated")


if __name__ == "__main__":
    main()
