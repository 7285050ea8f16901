"""Writes `meta_cart_pole.golden`: Gymnasium's CartPole in trials, seen through a projection.

    pip install "gymnasium==1.4.*" numpy
    python make_meta_cart_pole.py

The physics is that of Gymnasium's own environment, put into a state and stepped as for cart_pole.golden. What a trial, an
episode and an observation are (16 trials from one start; position and angle times an orthogonal matrix, then the last
action, whether a trial ended and whether the episode begins) is written here a second time, after popjaxrl's
NoisyStatelessMetaCartPole. Rows are without noise, which each step draws anew. Left out: rows within
`classic_control.MARGIN` of a threshold.
"""

from math import sqrt
from pathlib import Path

import gymnasium
import numpy as np

from classic_control import CartPole
from golden_format import bits, write_golden

SEED = 20240612
ROWS = 1400
HERE = Path(__file__).resolve().parent
VECTORS = ["start", "of_x", "of_theta"]
STATE = [*CartPole.state_fields, *(f"{v}.{i}" for v in VECTORS for i in range(4)),
         "blur.0", "blur.1", "time", "trial", "action", "turned"]

if not gymnasium.__version__.startswith("1.4."):
    raise SystemExit(f'found gymnasium {gymnasium.__version__}: pip install "gymnasium==1.4.*"')


def seen(p, moving, state, start):
    """The observation: `moving` are the four numbers of the cart, `start` whether the episode begins."""
    limit = 2 * np.array([p["x_threshold"], p["theta_threshold"]])
    pair = np.clip(np.array([moving[0], moving[2]]) + state["blur"], -limit, limit)
    matrix = np.stack([state["of_x"], state["of_theta"]])
    begins = state["time"] == 0
    return [*(pair @ matrix), state["action"], begins and not start, begins and start]


def main():
    rng, case = np.random.default_rng(SEED), CartPole()
    env = gymnasium.make(case.id).unwrapped
    names = list(case.params)
    columns = {name: [] for name in ("params", "state", "action", "reward", "terminated", "next_state", "observation")}
    skipped = 0
    while len(columns["reward"]) < ROWS:
        low, high = (np.array([case.params[name][i] for name in names]) for i in (1, 2))
        own = rng.random() < 0.5
        values = rng.uniform(low, high) if own else np.array([case.params[name][0] for name in names])
        values = values.astype(np.float32).astype(np.float64)
        p = dict(zip(names, values.tolist()))
        trials, steps = (int(rng.integers(1, 33)), int(rng.integers(1, 601))) if own else (16, 200)
        swapped = int(rng.integers(2)) if own else 0
        case.configure(env, p)
        moving, action = case.sample(rng, rng.choice(["box", "edge"]), 1, p)
        moving, action = moving[0].astype(np.float32).astype(np.float64), int(action[0])
        directions, _ = np.linalg.qr(rng.standard_normal((4, 2)))
        directions = (sqrt(2) * directions.T).astype(np.float32)
        state = {
            "start": rng.uniform(-0.1, 0.1, 4).astype(np.float32), "of_x": directions[0], "of_theta": directions[1],
            "blur": np.zeros(2, np.float32), "time": int(rng.choice([0, steps - 1, rng.integers(steps)])),
            "trial": int(rng.choice([0, trials - 1, rng.integers(trials)])), "action": int(rng.integers(2)),
            "turned": int(rng.integers(2)) * swapped,
        }

        def words(moving):
            floats = np.concatenate([moving, state["start"], state["of_x"], state["of_theta"], state["blur"]])
            counts = [state[name] for name in ("time", "trial", "action", "turned")]
            return np.concatenate([bits(floats.astype(np.float32)), bits(np.array(counts))])

        before = words(moving)
        case.put(env, moving)
        given = action ^ state["turned"]
        _, _, fell, _, _ = env.step(given)
        after = case.take(env, moving)
        if case.undecidable(env, moving, given, after, p):
            skipped += 1
            continue
        over = fell or state["time"] + 1 >= steps
        state["time"] = 0 if over else state["time"] + 1
        state["trial"] += int(over)
        state["action"] = action
        after = np.array(state["start"], np.float64) if over else after
        columns["params"].append(np.concatenate([bits(values.astype(np.float32)), bits(np.array([trials, steps])),
                                                 bits(np.array([1.0, 0.0])), bits(np.array([swapped]))]))
        columns["state"].append(before)
        columns["action"].append(action)
        columns["reward"].append(1 / steps)
        columns["terminated"].append(int(state["trial"] >= trials))
        columns["next_state"].append(words(after))
        columns["observation"].append(bits(np.array(seen(p, after, state, state["trial"] == 0), np.float32)))
    header = {
        "origin": f"gymnasium {gymnasium.__version__} {type(env).__module__}.{type(env).__name__} ({case.id}), in trials",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": skipped,
        "state_fields": STATE,
        "param_fields": [*names, "trials", "trial_steps", "mix", "noise", "swapped"],
    }
    columns = {name: np.array(values) for name, values in columns.items()}
    columns["reward"] = columns["reward"].astype(np.float32)
    columns["action"], columns["terminated"] = bits(columns["action"]), columns["terminated"].astype(np.uint32)
    write_golden(HERE / "meta_cart_pole.golden", header, columns)
    print(f"meta_cart_pole: {ROWS} rows, {skipped} skipped, {100 * columns['terminated'].mean():.1f} % terminated")


if __name__ == "__main__":
    main()
