"""Writes the `.golden` files of the Box2D environments from Gymnasium's own, those of tracks with parameters from `walkers.py`.

    pip install "gymnasium[box2d]==1.4.*" numpy
    python make_box2d.py [stem ...]

Rows are transitions of play under three policies each: half of them free of contacts, in `<stem>.golden`, half of them with
contacts or impacts, in `<stem>.contacts.golden`; with wind in `<stem>.wind.golden`. There the last round of a solver
that has not settled decides between 1e-5 and 1e-2 now and then, so the header says how far rows may be off, and how many
of them may be further off. States hold the impulses that Box2D begins the step with. `check_box2d.py` compares many more.
"""

import sys
from pathlib import Path

import gymnasium
import numpy as np
from box2d import ContinuousLander, HardcoreWalker, Lander, Walker, WindyLander, play
from golden_format import bits, write_golden
from walkers import HexagonWalker, LevelWalker, ParametricWalker, QuadrupedStumpWalker, StumpWalker

SEED = 20261127
HERE = Path(__file__).resolve().parent
# Enough for every kind of contact; a walker's row takes 2.7 kB.
ROWS = {Walker: 260, Lander: 900, ParametricWalker: 200}
# Largest difference of nearly all rows, and the share that may differ by more, free of contacts and with them: measured by
# check_box2d.py, times three. On tracks with parameters a joint in the air may be at the edge of its tolerance, which one
# round more corrects; on the ground it is mostly the order of contacts, see `touch2d`.
FREE = {Walker: {"tolerance": 2e-4, "outliers": 0.0}, ParametricWalker: {"tolerance": 2e-4, "outliers": 0.01}}
TOUCHING = {Walker: {"tolerance": 1e-3, "outliers": 0.1}, ParametricWalker: {"tolerance": 1e-3, "outliers": 0.08}}
# Impulses of contacts are not unique where there are more than needed, and the draws of the next step are its own.
UNCOMPARED = ["touches", "scatter"]
# Nor are states after a hull has touched the ground, which ends the episode and does not push here.

if not gymnasium.__version__.startswith("1.4."):
    raise SystemExit(f'found gymnasium {gymnasium.__version__}: pip install "gymnasium[box2d]==1.4.*"')


def make(kind):
    rng = np.random.default_rng(SEED)
    scene, free, touching, left_out = kind(), [], [], 0
    of_kind = ParametricWalker if issubclass(kind, ParametricWalker) else Walker
    count = ROWS[Lander if issubclass(kind, Lander) else of_kind]
    scene.reset(SEED)
    for k, policy in enumerate(scene.policies(rng).values()):
        rows, skipped = play(scene, policy, SEED + k, 4 * count)
        left_out += skipped
        free += [row for row in rows if row[6] == 0 and not row[8]]
        touching += [row for row in rows if row[6] > 0 or row[8]]
    files = [(scene.stem, free, FREE), (scene.stem + ".contacts", touching, TOUCHING)]
    if kind is WindyLander:
        files = [(scene.stem + ".wind", free, FREE)]
    for name, rows, limits in files:
        order = rng.permutation(len(rows))[:count]
        params = {"params": np.stack([rows[i][7] for i in order])} if len(scene.params) else {}
        column = [np.array([rows[i][k] for i in order]) for k in range(6)]
        write_golden(
            HERE / f"{name}.golden",
            {
                "origin": scene.origin,
                "script": Path(__file__).name,
                "seed": SEED,
                "skipped": left_out,
                "state_fields": scene.fields,
                "uncompared": UNCOMPARED,
                "final_states": False,
                **limits[of_kind],
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
    gymnasiums = Walker, HardcoreWalker, Lander, ContinuousLander, WindyLander
    for kind in (*gymnasiums, StumpWalker, QuadrupedStumpWalker, HexagonWalker, LevelWalker):
        if kind.stem in (sys.argv[1:] or [kind.stem]):
            make(kind)
