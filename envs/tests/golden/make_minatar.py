"""Writes the MinAtar `.golden` files from the games of the `minatar` package.

    pip install minatar==1.0.15 numpy
    python make_minatar.py

Every row is one `act` of the reference game (below its `Environment`, hence no sticky actions)
with all integers around it. Games are played by a player that follows the ball but errs at a
rate drawn per game, so that cleared walls, refills and lost balls all occur; half of the games
start with few bricks or none. No pair of state and action is recorded twice.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from minatar.environments import breakout

from golden_format import write_golden

SEED = 20240602
HERE = Path(__file__).resolve().parent
VERSION = "1.0.15"

if version("minatar") != VERSION:
    raise SystemExit(f"found minatar {version('minatar')}: pip install minatar=={VERSION}")


def packed_bits(planes):
    """Elements of a boolean array, in order, as little-endian 32-bit words."""
    padded = np.zeros(-(-planes.size // 32) * 32, dtype=np.uint8)
    padded[: planes.size] = planes.reshape(-1)
    return np.packbits(padded, bitorder="little").view("<u4")


class Breakout:
    stem = "breakout"
    rows = 10_000
    state_fields = ("ball_x", "ball_y", "ball_direction", "trail", "paddle", "bricks", "strike")
    # What the game calls its minimal action set: none, left, right.
    actions = (0, 1, 3)

    @staticmethod
    def state(game):
        bricks = sum(1 << int(cell - 8) for cell in np.flatnonzero(game.brick_map))
        trail = game.last_y * 10 + game.last_x
        return [game.ball_x, game.ball_y, game.ball_dir, trail, game.pos, bricks, int(game.strike)]

    @staticmethod
    def prepare(game, rng):
        """Leaves some games with few bricks or none, as after long play."""
        if rng.random() < 0.5:
            stay = rng.random((3, 10)) < rng.choice([0.0, 0.05, 0.2, 0.6])
            game.brick_map[1:4] = stay
            game.ball_y = int(rng.integers(4, 8))
            game.ball_x = int(rng.integers(10))
            game.ball_dir = int(rng.integers(4))
            game.last_x, game.last_y = game.ball_x, game.ball_y
            game.pos = int(rng.integers(10))

    @staticmethod
    def play(game, rng, error):
        """Index of an action: towards the column in which the ball comes down, or anything."""
        if rng.random() < error:
            return int(rng.integers(3))
        x, y, step = game.ball_x, game.ball_y, 1 if game.ball_dir in (1, 2) else -1
        down = game.ball_dir >= 2
        while down and y < 8:
            y += 1
            if not 0 <= x + step <= 9:
                step = -step
            else:
                x += step
        return 1 if x < game.pos else 2 if x > game.pos else 0


def record(case, game):
    rng = np.random.default_rng(SEED)
    game.random = np.random.RandomState(SEED)
    columns = {name: [] for name in ("state", "action", "reward", "terminated", "next_state", "observation")}
    seen = set()
    while len(seen) < case.rows:
        game.reset()
        case.prepare(game, rng)
        error = rng.choice([0.0, 0.02, 0.1, 0.5])
        for _ in range(300):
            action = case.play(game, rng, error)
            state = case.state(game)
            reward, terminated = game.act(case.actions[action])
            if (*state, action) in seen:
                if terminated:
                    break
                continue
            seen.add((*state, action))
            columns["state"].append(state)
            columns["action"].append(action)
            columns["reward"].append(float(reward))
            columns["terminated"].append(int(terminated))
            columns["next_state"].append(case.state(game))
            columns["observation"].append(packed_bits(game.state()))
            if terminated:
                break
    return {name: np.array(values)[: case.rows] for name, values in columns.items()}


def main():
    case = Breakout
    columns = record(case, breakout.Env())
    header = {
        "origin": f"minatar {VERSION} minatar.environments.breakout.Env (MinAtar/Breakout-v1)",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": 0,
        "state_fields": case.state_fields,
    }
    write_golden(HERE / f"{case.stem}.golden", header, columns)


if __name__ == "__main__":
    main()
