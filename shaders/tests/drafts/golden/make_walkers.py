"""Writes the `.golden` files of the walkers whose tracks have parameters, from Box2D itself: see `walkers.py`.

    pip install "gymnasium[box2d]==1.4.*" numpy
    python make_walkers.py

Rows are as those of `make_box2d.py`, with parameters drawn for each level. `check_walkers.py` compares many more.
"""

from pathlib import Path

import Box2D
import numpy as np
from golden_format import bits, write_golden
from walkers import HexagonWalker, LevelWalker, QuadrupedStumpWalker, StumpWalker

SEED = 20261128
HERE = Path(__file__).resolve().parent
ROWS = 200
# Largest difference of nearly all rows, and the share that may differ by more. In the air it is a joint at the edge of its
# tolerance, which one round more corrects; on the ground mostly the order of contacts, see `touch2d`.
FREE = {"tolerance": 2e-4, "outliers": 0.01}
TOUCHING = {"tolerance": 1e-3, "outliers": 0.08}
# Impulses of contacts are not unique where there are more than needed.
UNCOMPARED = ["touches"]
# Nor are states after a hull has touched the ground, which ends the episode and does not push here.


def fields(scene):
    body = ["center.0", "center.1", "angle", "velocity.0", "velocity.1", "spin"]
    joint = ["point.0", "point.1", "limit", "motor"]
    touch = ["key", "normal.0", "normal.1", "tangent.0", "tangent.1"]
    names = list(scene.fields)
    names += [f"bodies.{i}.{name}" for i in range(len(scene.bodies())) for name in body]
    names += [f"joints.{i}.{name}" for i in range(len(scene.joints())) for name in joint]
    names += [f"touches.{i}.{name}" for i in range(len(scene.pushing) * scene.slots) for name in touch]
    return names + ["feet"] + [f"lidar.{i}" for i in range(10)]


def make(kind):
    rng = np.random.default_rng(SEED)
    scene, free, touching, left_out = kind(), [], [], 0
    scene.reset(SEED)
    for k, policy in enumerate(scene.policies(rng).values()):
        rows, skipped = scene.play(policy, SEED + k, 4 * ROWS)
        left_out += skipped
        free += [row for row in rows if row[6] == 0]
        touching += [row for row in rows if row[6] > 0]
    for name, rows, limits in ((scene.stem, free, FREE), (scene.stem + ".contacts", touching, TOUCHING)):
        order = rng.permutation(len(rows))[:ROWS]
        column = [np.array([rows[i][k] for i in order]) for k in range(8)]
        write_golden(
            HERE / f"{name}.golden",
            {
                "origin": f"Box2D {Box2D.__version__}, continuousPhysics = {scene.continuous}, scene of walkers.py",
                "script": Path(__file__).name,
                "seed": SEED,
                "skipped": left_out,
                "state_fields": fields(scene),
                "uncompared": UNCOMPARED,
                "final_states": False,
                **limits,
            },
            {
                "params": column[7],
                "state": column[0],
                "action": bits(column[1]),
                "reward": column[2].astype(np.float32),
                "terminated": column[3].astype(np.uint32),
                "next_state": column[4],
                "observation": bits(column[5].astype(np.float32)),
            },
        )
        print(f"{name}: {len(order)} of {len(rows)} rows, {100.0 * column[3].mean():.1f} % terminated")


if __name__ == "__main__":
    for kind in (StumpWalker, QuadrupedStumpWalker, HexagonWalker, LevelWalker):
        make(kind)
