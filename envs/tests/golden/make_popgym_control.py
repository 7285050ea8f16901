"""Writes the `.golden` files of the control tasks of the `popgym` package.

    pip install popgym==1.0.7 "gymnasium==1.4.*" numpy
    python make_popgym_control.py

Every row puts a state (double precision, of single-precision values) into the reference, steps it once and records what came
out: states of the whole box, around every threshold, wall and clip, and with changed constants and time limits. Rows within
`classic_control.MARGIN` of a threshold are left out and counted as `skipped`. All rows are without noise, whose draws
check_popgym_control.py compares, as it does time limits.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from golden_format import bits, write_golden
from popgym_control import CASES, TIME_LIMITS, VERSION

SEED = 20240605
SIZES = {"box": 700, "edge": 900, "params": 900}
# Rows for each set of changed constants.
EACH = 10
HERE = Path(__file__).resolve().parent

if version("popgym") != VERSION:
    raise SystemExit(f"found popgym {version('popgym')}: pip install popgym=={VERSION}")


def batches(case, rng):
    """Parameters, time limit and the kind of states, for some rows each."""
    low, default, high = (np.array([case.params[n][i] for n in case.params]) for i in (1, 0, 2))
    for kind in ("box", "edge"):
        yield default, case.sizes["Easy"][0], kind, SIZES[kind]
    for i in range(SIZES["params"] // EACH):
        limit = case.sizes[("Medium", "Hard")[i % 2]][0] if i % 3 == 0 else int(rng.integers(*TIME_LIMITS))
        yield rng.uniform(low, high), limit, ("box", "edge")[i % 2], EACH


def make(case):
    rng = np.random.default_rng(SEED)
    rows, skipped = [], 0
    for values, limit, kind, size in batches(case, rng):
        values = values.astype(np.float32)
        p = dict(zip(case.params, values.astype(np.float64).tolist()))
        env = case.make(limit)
        env.reset(seed=SEED)
        case.configure(env, p)
        states, actions = case.sample(rng, kind, size, p)
        for state, action in zip(states.astype(np.float32), actions):
            exact, discrete = state.astype(np.float64), actions.dtype.kind == "i"
            given = int(action) if discrete else np.array([action], np.float32)
            case.put(env, exact)
            observation, reward, terminated, _, _ = env.step(given)
            after = case.take(env, exact)
            if case.undecidable(env, exact, given if discrete else float(action), after, p):
                skipped += 1
                continue
            noise = np.zeros(2 if case.has_noise else 0, np.float32)
            words = [*bits(values), limit, *bits(noise[:1])]
            around = [np.concatenate([s.astype(np.float32), noise]) for s in (state, after)]
            rows.append((words, around[0], action, reward, terminated, around[1], observation))
    order = rng.permutation(len(rows))
    column = [np.array([rows[i][k] for i in order]) for k in range(7)]
    header = {
        "origin": f"popgym {VERSION} {case.reference.__module__}.{case.reference.__name__} ({case.name}Easy)",
        "id": f"POPGym/{case.name}Easy-v0",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": skipped,
        "state_fields": [*case.state_fields, *case.flags],
        "param_fields": [*case.params, "time_limit", *(["noise"] if case.has_noise else [])],
        "start": case.start,
    }
    flags = np.ones((len(rows), len(case.flags)), np.uint32)
    columns = {
        "params": column[0].astype(np.uint32),
        "state": np.concatenate([bits(column[1]), flags], axis=1),
        "action": bits(column[2]),
        "reward": column[3].astype(np.float32),
        "terminated": column[4].astype(np.uint32),
        "next_state": np.concatenate([bits(column[5]), flags], axis=1),
        "observation": bits(column[6].astype(np.float32)),
    }
    write_golden(HERE / f"{case.stem}.golden", header, columns)
    print(f"{case.stem}: {len(rows)} rows, {skipped} skipped, {100 * column[4].mean():.1f} % terminated")


if __name__ == "__main__":
    for case in CASES:
        if not case.name.startswith("Noisy"):
            make(case)
