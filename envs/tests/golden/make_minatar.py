"""Writes the MinAtar `.golden` files from the games of the `minatar` package.

    pip install minatar==1.0.15 numpy
    python make_minatar.py [stem ...]

Every row is one `act` of the reference game (below its `Environment`, hence no sticky actions)
with all integers around it. Games are played by a player that knows how but errs at a rate drawn
per game, and many start where play seldom gets (see `prepare` in minatar_games.py). No pair of
state and action is recorded twice. Of rows that take more than `LIMIT` bytes some are left out, evenly.

Draws: both programs draw from generators of their own, so rows are recorded only where the
reference draws nothing within `act`: such a transition is a function of state and action.
The steps that do draw (spawns, new speeds) are compared by check_minatar.py, draw by draw.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from golden_format import write_golden
from minatar_games import CASES, packed_bits

SEED = 20240602
ROWS = 10_000
LIMIT = 1_500 * 1024
HERE = Path(__file__).resolve().parent
VERSION = "1.0.15"

if version("minatar") != VERSION:
    raise SystemExit(f"found minatar {version('minatar')}: pip install minatar=={VERSION}")


class Watched:
    """A generator that remembers whether anything was drawn."""

    def __init__(self, seed):
        self.generator, self.drawn = np.random.RandomState(seed), False

    def __getattr__(self, name):
        self.drawn = True
        return getattr(self.generator, name)


def record(case, game):
    rng = np.random.default_rng(SEED)
    game.random = Watched(SEED)
    columns = {name: [] for name in ("params", "state", "action", "reward", "terminated", "next_state", "observation")}
    seen = set()
    while len(seen) < ROWS:
        game.reset()
        case.prepare(game, rng)
        error = rng.choice([0.0, 0.02, 0.1, 0.5])
        for _ in range(300):
            action = case.play(game, rng, error)
            state, params = case.state(game), case.params(game)
            game.random.drawn = False
            reward, terminated = game.act(case.actions[action])
            if (*params, *state, action) not in seen and not game.random.drawn:
                seen.add((*params, *state, action))
                columns["params"].append(params)
                columns["state"].append(state)
                columns["action"].append(action)
                columns["reward"].append(float(reward))
                columns["terminated"].append(int(terminated))
                columns["next_state"].append(case.state(game))
                columns["observation"].append(packed_bits(game.state()))
            if terminated:
                break
    columns = {name: np.array(values)[:ROWS] for name, values in columns.items()}
    if (columns["params"] == columns["params"][0]).all():
        # Default parameters need no column.
        del columns["params"]
    fitting = min(ROWS, LIMIT // sum(4 * column[0].size for column in columns.values()))
    chosen = np.arange(fitting) * ROWS // fitting
    return {name: column[chosen] for name, column in columns.items()}


def main():
    for case in CASES:
        if sys.argv[1:] and case.stem not in sys.argv[1:]:
            continue
        columns = record(case, import_module(f"minatar.environments.{case.stem}").Env())
        header = {
            "origin": f"minatar {VERSION} minatar.environments.{case.stem}.Env ({case.name}-v1)",
            "script": Path(__file__).name,
            "seed": SEED,
            "skipped": 0,
            "state_fields": case.state_fields,
        }
        write_golden(HERE / f"{case.stem}.golden", header, columns)


if __name__ == "__main__":
    main()
