"""Writes the `.golden` files of the Box2D environments from Gymnasium's own.

    pip install "gymnasium[box2d]==1.4.*" numpy
    python make_box2d.py

Rows are transitions of play under three policies each: half of them free of contacts, in `<stem>.golden`, half of them with
contacts or impacts, in `<stem>.contacts.golden`; with wind in `<stem>.wind.golden`. There the last round of a solver
that has not settled decides between 1e-5 and 1e-2 now and then, so the header says how far rows may be off, and how many
of them may be further off. States hold the impulses that Box2D begins the step with. `check_box2d.py` compares many more.
"""

from pathlib import Path

import gymnasium
import numpy as np
from box2d import ContinuousLander, HardcoreWalker, Lander, Walker, WindyLander, play
from golden_format import bits, write_golden

SEED = 20261127
HERE = Path(__file__).resolve().parent
# Enough for every kind of contact; a walker's row takes 2.7 kB.
ROWS = {"bipedal_walker": 260, "bipedal_walker_hardcore": 260, "lunar_lander": 900, "lunar_lander_continuous": 900}
# Largest difference of nearly all rows, and the share that may differ by more: measured by check_box2d.py, times three.
FREE = {"tolerance": 2e-4, "outliers": 0.0}
TOUCHING = {"tolerance": 1e-3, "outliers": 0.1}
# Impulses of contacts are not unique where there are more than needed, and the draws of the next step are its own.
UNCOMPARED = ["touches", "scatter"]
# Nor are states after a hull has touched the ground, which ends the episode and does not push here.

if not gymnasium.__version__.startswith("1.4."):
    raise SystemExit(f'found gymnasium {gymnasium.__version__}: pip install "gymnasium[box2d]==1.4.*"')


def fields(scene):
    body = ["center.0", "center.1", "angle", "velocity.0", "velocity.1", "spin"]
    joint = ["point.0", "point.1", "limit", "motor"]
    touch = ["key", "normal.0", "normal.1", "tangent.0", "tangent.1"]
    heights = 200 if isinstance(scene, Walker) else 11
    names = [f"heights.{i}" for i in range(heights)]
    if isinstance(scene, HardcoreWalker):
        names += [f"boxes.{i}.{c}" for i in range(scene.obstacles) for c in "xyzw"] + ["box_count"]
        names += [f"columns.{i}" for i in range(50)]
    names += [f"bodies.{i}.{name}" for i in range(len(scene.bodies())) for name in body]
    names += [f"joints.{i}.{name}" for i in range(len(scene.joints())) for name in joint]
    names += [f"touches.{i}.{name}" for i in range(len(scene.pushing) * scene.slots) for name in touch]
    last = ["legs", "rest", "asleep", "wind", "turbulence", "scatter.0", "scatter.1"]
    return names + (["feet"] + [f"lidar.{i}" for i in range(10)] if isinstance(scene, Walker) else last)


def make(kind):
    rng = np.random.default_rng(SEED)
    scene, free, touching, left_out = kind(), [], [], 0
    scene.reset(SEED)
    names = fields(scene)
    for policy in scene.policies(rng).values():
        rows, skipped = play(scene, policy, SEED, 4 * ROWS[scene.stem], rng)
        left_out += skipped
        free += [row for row in rows if row[6] == 0 and not row[8]]
        touching += [row for row in rows if row[6] > 0 or row[8]]
    files = [(scene.stem, free, FREE), (scene.stem + ".contacts", touching, TOUCHING)]
    if scene.params:
        files = [(scene.stem + ".wind", free, FREE)]
    for name, rows, limits in files:
        order = rng.permutation(len(rows))[: ROWS[scene.stem]]
        params = {"params": np.stack([rows[i][7] for i in order])} if scene.params else {}
        column = [np.array([rows[i][k] for i in order]) for k in range(6)]
        write_golden(
            HERE / f"{name}.golden",
            {
                "origin": f"gymnasium {gymnasium.__version__} {scene.gym_id}, box2d 2.3.10",
                "script": Path(__file__).name,
                "seed": SEED,
                "skipped": left_out,
                "state_fields": names,
                "uncompared": UNCOMPARED,
                "final_states": False,
                **limits,
            },
            {
                **params,
                "state": column[0],
                "action": column[1].astype(np.uint32) if column[1].dtype.kind == "i" else bits(column[1]),
                "reward": column[2].astype(np.float32),
                "terminated": column[3].astype(np.uint32),
                "next_state": column[4],
                "observation": bits(column[5].astype(np.float32)),
            },
        )
        print(f"{name}: {len(order)} of {len(rows)} rows, {100.0 * column[3].mean():.1f} % terminated")


if __name__ == "__main__":
    for kind in (Walker, HardcoreWalker, Lander, ContinuousLander, WindyLander):
        make(kind)
