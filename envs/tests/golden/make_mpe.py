"""Writes the MPE `.golden` files from the environments of the `mpe2` package.

    pip install mpe2==1.1.1 numpy
    python make_mpe.py

Every row puts a state (double precision, of single-precision values) into the reference's world,
steps it once and records what came out; it covers random play, agents that touch or overlap, and
agents on landmarks. `simple_spread.golden` has the default task; `simple_spread.options.golden` has
other values of the parameters, and the observations. Rows in which a contact or a capture is decided
by a distance within MARGIN of its threshold are left out and counted as `skipped`.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from mpe2 import simple_spread_v3

from golden_format import bits, write_golden

SEED = 20240603
MARGIN = 1e-5
HERE = Path(__file__).resolve().parent
VERSION = "1.1.1"
AGENTS = 3

if version("mpe2") != VERSION:
    raise SystemExit(f"found mpe2 {version('mpe2')}: pip install mpe2=={VERSION}")

STATE_FIELDS = [
    f"{part}.{i}.{axis}" for part in ("position", "velocity", "landmark") for i in range(3) for axis in "xy"
]
PARAM_FIELDS = [
    "local_ratio", "collision_penalty", "capture_radius", "agent_radius",
    "acceleration", "damping", "contact_force", "contact_margin",
]  # fmt: skip
DEFAULTS = np.array([0.5, 1.0, 0.0, 0.15, 5.0, 0.25, 100.0, 0.001], np.float32)


def make(params):
    """The reference environment for one row of PARAM_FIELDS."""
    p = dict(zip(PARAM_FIELDS, params.astype(np.float64)))
    env = simple_spread_v3.raw_env(
        N=AGENTS,
        local_ratio=p["local_ratio"],
        max_cycles=10**9,
        curriculum=p["collision_penalty"] == 0.0,
        terminate_on_success=p["capture_radius"] > 0.0,
    )
    env.scenario.CAPTURE_RADIUS = p["capture_radius"]
    env.world.damping = p["damping"]
    env.world.contact_force = p["contact_force"]
    env.world.contact_margin = p["contact_margin"]
    for agent in env.world.agents:
        agent.size = p["agent_radius"]
        agent.accel = p["acceleration"]
    env.reset(seed=0)
    return env


def put(env, state):
    exact = state.astype(np.float64).reshape(3, 3, 2)
    for i in range(AGENTS):
        env.world.agents[i].state.p_pos = exact[0, i].copy()
        env.world.agents[i].state.p_vel = exact[1, i].copy()
        env.world.landmarks[i].state.p_pos = exact[2, i].copy()


def take(env):
    agents, landmarks = env.world.agents, env.world.landmarks
    parts = [a.state.p_pos for a in agents] + [a.state.p_vel for a in agents] + [k.state.p_pos for k in landmarks]
    return np.concatenate(parts)


def undecidable(env, params):
    """True where rounding may decide about an overlap or a capture."""
    places = np.array([a.state.p_pos for a in env.world.agents])
    marks = np.array([k.state.p_pos for k in env.world.landmarks])
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(AGENTS, 1)]
    nearest = np.linalg.norm(places[:, None] - marks[None], axis=2).min(axis=0)
    return np.any(np.abs(apart - 2.0 * params[3]) < MARGIN) or np.any(np.abs(nearest - params[2]) < MARGIN)


def states(rng, rows, params):
    """Single-precision states: a third each of wide spread, agents in a clump, agents near landmarks."""
    place = rng.uniform(-1.5, 1.5, (rows, 3, 2))
    speed = rng.normal(0.0, 0.8, (rows, 3, 2)) * rng.choice([0.0, 1.0, 3.0], (rows, 1, 1))
    mark = rng.uniform(-1.0, 1.0, (rows, 3, 2))
    kind = rng.integers(3, size=rows)
    reach = 2.0 * params[:, 3].astype(np.float64)
    angle = rng.uniform(-np.pi, np.pi, (rows, 3))
    # Clumps: from deep overlap to the distance at which the contact force has just died out.
    away = reach[:, None] * rng.uniform(0.1, 1.05, (rows, 3))
    ring = place[:, :1] + away[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    place[kind == 1, 1:] = ring[kind == 1, 1:]
    near = mark + rng.normal(0.0, 0.06, (rows, 3, 2))
    place[kind == 2], speed[kind == 2] = near[kind == 2], 0.2 * speed[kind == 2]
    return np.concatenate([place, speed, mark], axis=1).reshape(rows, 18).astype(np.float32)


def option_rows(rng, rows):
    """Parameters: few distinct sets, each used for many rows."""
    params = np.repeat(DEFAULTS[None], rows, axis=0)
    groups = rng.integers(1, 40, rows)
    for group in range(40):
        params[groups == group] = [
            rng.choice([0.0, 0.3, 1.0]), rng.choice([0.0, 1.0]), rng.choice([0.0, 0.1, 0.3]),
            rng.uniform(0.05, 0.3), rng.uniform(1.0, 8.0), rng.uniform(0.0, 0.8),
            rng.uniform(20.0, 200.0), 10.0 ** rng.uniform(-3.0, -1.5),
        ]  # fmt: skip
    return params.astype(np.float32)


def record(rng, params):
    environments, skipped = {}, 0
    names = ("params", "state", "action", "reward", "terminated", "next_state", "observation")
    columns = {name: [] for name in names}
    actions = rng.integers(5, size=(len(params), AGENTS))
    for p, state, action in zip(params, states(rng, len(params), params), actions):
        env = environments.setdefault(p.tobytes(), make(p) if p.tobytes() not in environments else None)
        env.reset()
        put(env, state)
        for a in action:
            env.step(int(a))
        if undecidable(env, p):
            skipped += 1
            continue
        observation = np.concatenate([env.observe(name) for name in env.possible_agents])
        reward = [env.rewards[name] for name in env.possible_agents]
        ended = env.terminations["agent_0"]
        for name, value in zip(names, (p, state, action, reward, ended, take(env), observation)):
            columns[name].append(value)
    return {name: np.array(values) for name, values in columns.items()}, skipped


def write(stem, columns, skipped, names):
    header = {
        "origin": f"mpe2 {VERSION} mpe2.simple_spread_v3.raw_env (MPE/SimpleSpread-v3)",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": skipped,
        "state_fields": STATE_FIELDS,
        "param_fields": PARAM_FIELDS,
        "start": [
            {"field": field, "low": -1.0, "high": 1.0} for field in STATE_FIELDS if not field.startswith("velocity")
        ],
    }
    words = {"params", "state", "next_state", "observation"}
    kept = {name: bits(columns[name]) if name in words else columns[name] for name in names}
    write_golden(HERE / f"{stem}.golden", header, kept)


def main():
    rng = np.random.default_rng(SEED)
    columns, skipped = record(rng, np.repeat(DEFAULTS[None], 8000, axis=0))
    write("simple_spread", columns, skipped, ("state", "action", "reward", "terminated", "next_state"))
    columns, skipped = record(rng, option_rows(rng, 2800))
    write("simple_spread.options", columns, skipped, tuple(columns))


if __name__ == "__main__":
    main()
