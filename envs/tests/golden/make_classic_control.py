"""Writes the classic-control `.golden` files from Gymnasium's own environments.

    pip install "gymnasium==1.4.*" numpy
    python make_classic_control.py

Every row puts a state (double precision, of single-precision values) into the unwrapped
reference environment, steps it once and records what came out. Rows cover random play, the
whole box of reachable states, the neighbourhood of every threshold, wall and clip, actions
out of bounds, and changed constants. Left out and counted as `skipped`: rows whose end lies
within `classic_control.MARGIN` of a threshold, and (Acrobot) rows on which single precision fails.
"""

from pathlib import Path

import gymnasium
import numpy as np
from classic_control import Acrobot, CartPole, MountainCar, MountainCarContinuous, Pendulum, wrapped
from golden_format import bits, write_golden

SEED = 20240601
HERE = Path(__file__).resolve().parent

if not gymnasium.__version__.startswith("1.4."):
    raise SystemExit(f'found gymnasium {gymnasium.__version__}: pip install "gymnasium==1.4.*"')


def played(case, rng, rows):
    """States and actions of random play in the reference, its own resets included."""
    env = gymnasium.make(case.id).env.env
    discrete = isinstance(env.action_space, gymnasium.spaces.Discrete)
    env.reset(seed=SEED)
    states, actions = [], []
    ended = False
    while len(states) < rows:
        if ended or len(states) % 400 == 399:
            env.reset()
        extra = [env.unwrapped.last_u or 0.0] if case.stem == "pendulum" else []
        state = np.concatenate([np.array(env.unwrapped.state, dtype=np.float64), extra])
        if case.stem == "pendulum":
            state[0] = wrapped(state[0])
        # Pumping in the direction of motion reaches the fast states that blind play never sees.
        pump = (len(states) // 400) % 2 == 1 and case.stem != "cart_pole"
        speed = state[2] if case.stem == "acrobot" else state[1]
        sign = 1.0 if speed > 0 else -1.0
        if discrete:
            action = int(1 + sign) if pump and rng.random() < 0.8 else int(rng.integers(env.action_space.n))
        else:
            bound = float(env.action_space.high[0])
            action = np.array([sign * bound if pump else rng.uniform(-bound, bound)], dtype=np.float32)
        states.append(state)
        actions.append(action if discrete else action[0])
        ended = env.step(action)[2]
    return np.array(states), np.array(actions)


def make(case):
    rng = np.random.default_rng(SEED)
    env = gymnasium.make(case.id).unwrapped
    names = list(case.params)
    default = np.array([case.params[name][0] for name in names])
    rows, skipped = [], 0
    for group, size in case.sizes.items():
        if group == "play":
            states, actions = played(case, rng, size)
            batches = [(default, states, actions)]
        elif group == "params":
            low, high = (np.array([case.params[name][i] for name in names]) for i in (1, 2))
            batches = []
            for _ in range(size // 20):
                values = rng.uniform(low, high).astype(np.float32)
                p = dict(zip(names, values.astype(np.float64).tolist()))
                kind = "edge" if len(batches) % 2 else "box"
                batches.append((values, *case.sample(rng, kind, 20, p)))
        else:
            p = dict(zip(names, default.tolist()))
            batches = [(default, *case.sample(rng, group, size, p))]
        for values, states, actions in batches:
            p = dict(zip(names, values.astype(np.float64).tolist()))
            if group == "params":
                case.configure(env, p)
            states, discrete = states.astype(np.float32), actions.dtype.kind == "i"
            for state, action in zip(states, actions):
                exact = state.astype(np.float64)
                given = int(action) if discrete else np.array([action], np.float32)
                case.put(env, exact)
                observation, reward, terminated, _, _ = env.step(given)
                after = case.take(env, exact)
                if case.undecidable(env, exact, given if discrete else float(action), after, p):
                    skipped += 1
                    continue
                rows.append((values, state, action, reward, terminated, after, observation))
    order = rng.permutation(len(rows))[: getattr(case, "keep", len(rows))]
    column = [np.array([rows[i][k] for i in order]) for k in range(7)]
    header = {
        "origin": f"gymnasium {gymnasium.__version__} {type(env).__module__}.{type(env).__name__} ({case.id})",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": skipped,
        "state_fields": case.state_fields,
        "param_fields": names,
        "start": case.start,
    }
    if hasattr(case, "note"):
        header["note"] = case.note
    write_golden(
        HERE / f"{case.stem}.golden",
        header,
        {
            "params": bits(column[0].astype(np.float32)),
            "state": bits(column[1]),
            "action": bits(column[2]),
            "reward": column[3].astype(np.float32),
            "terminated": column[4].astype(np.uint32),
            "next_state": bits(column[5].astype(np.float32)),
            "observation": bits(column[6].astype(np.float32)),
        },
    )
    share = 100.0 * column[4].mean()
    print(f"{case.stem}: {len(order)} rows, {skipped} skipped, {share:.1f} % terminated")


if __name__ == "__main__":
    for case in (CartPole(), MountainCar(), MountainCarContinuous(), Acrobot(), Pendulum()):
        make(case)
