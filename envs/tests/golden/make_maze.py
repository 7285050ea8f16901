"""Writes the maze `.golden` files from JaxUED's maze, with MiniGrid as a second witness of the views,
and `maze_levels.json`.

    pip install jaxued==0.0.1 minigrid==3.2.0 jax flax chex gymnax numpy
    python make_maze.py

Every row is one step of the reference from a level, a pose and a time put into its state; poses are
uniform over the free cells, about a third of them next to the goal. `maze.golden` has transitions,
`maze.views.golden` the observations too. The levels are fixed test mazes of the literature, mazes of 25
and 60 random walls, and empty ones. Rewards carry XLA's rounding: compare them to 1e-6.

`maze_levels.json` holds the fixed levels with the least number of actions from the start to the goal
over the best initial heading. The numbers were found on another implementation of the rules and are
recomputed here on MiniGrid by breadth-first search before they are written.
"""

import json
from collections import deque
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxued.environments.maze import Level, Maze
from jaxued.environments.maze.env import EnvParams
from minigrid.core.grid import Grid
from minigrid.core.mission import MissionSpace
from minigrid.core.world_object import Goal, Wall
from minigrid.minigrid_env import MiniGridEnv

from golden_format import write_golden

SEED = 20240604
HERE = Path(__file__).resolve().parent
VERSIONS = {"jaxued": "0.0.1", "minigrid": "3.2.0"}
SIDE, HORIZON = 13, 250

for package, wanted in VERSIONS.items():
    if version(package) != wanted:
        raise SystemExit(f"found {package} {version(package)}: pip install {package}=={wanted}")

# name: start, goal (column, row, the border counted), least number of actions, 13 rows with bit i = column i + 1
LEVELS = {
    "SixteenRooms": ((2, 2), (12, 12), 25, "0248 0200 0048 0edd 0008 0240 176b 0208 0048 1ade 0248 0040 0208"),
    "SixteenRoomsFewerDoors": (
        (2, 2),
        (12, 12),
        28,
        "0208 0240 0248 176f 0048 0240 1f7d 0248 0008 1edb 0248 0040 0248",
    ),
    "NineRooms": ((2, 2), (12, 12), 23, "0100 0010 0110 0110 0fdd 0010 0100 0110 1b77 0110 0100 0010 0110"),
    "NineRoomsFewerDoors": ((2, 2), (12, 12), 41, "0110 0010 0110 0110 0fdd 0110 0100 0110 1bb7 0110 0100 0110 0110"),
    "Labyrinth": ((1, 13), (7, 7), 113, "0000 0ffe 0802 0bfa 0a0a 0aea 0aaa 0aaa 0a22 0bfe 0820 0faf 0020"),
    "Labyrinth2": ((1, 1), (7, 7), 112, "0002 0ffa 080a 0bea 0a2a 0aa8 0aaf 0ae8 0a0a 0bfa 0802 0ffe 0000"),
    "Maze": ((7, 1), (7, 13), 54, "0420 0dee 0002 1dfe 0100 0fbf 0090 1ec6 0894 0bb5 0225 0eed 0288"),
    "Maze2": ((1, 7), (13, 5), 72, "0428 11ea 0402 1dfe 0548 056b 0d0a 09da 0b92 0ab6 0aa2 0aaa 0088"),
    "Maze3": ((4, 1), (13, 7), 52, "0050 0f5e 0142 1578 050b 0d68 092a 1baa 02a2 0eae 08a2 0aba 0222"),
    "SmallCorridor": ((1, 7), (5, 6), None, "0000 0aaa 0aaa 0aaa 0aaa 0aaa 0ffe 0aaa 0aaa 0aaa 0aaa 0aaa 0000"),
}


def level_rows(text):
    return [int(word, 16) for word in text.split()]


def wall_map(rows):
    return np.array([[row >> x & 1 for x in range(SIDE)] for row in rows], dtype=bool)


class Peer(MiniGridEnv):
    """A MiniGrid maze with a given layout."""

    def __init__(self, walls, start, goal, direction):
        self.given = walls, start, goal, direction
        super().__init__(
            mission_space=MissionSpace(mission_func=lambda: "reach the goal"),
            width=SIDE + 2, height=SIDE + 2, max_steps=HORIZON, see_through_walls=True, agent_view_size=5,
        )  # fmt: skip
        self.reset()

    def _gen_grid(self, width, height):
        walls, start, goal, direction = self.given
        self.mission = "reach the goal"
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        for y, x in np.argwhere(walls):
            self.grid.set(int(x) + 1, int(y) + 1, Wall())
        self.put_obj(Goal(), *goal)
        self.agent_pos, self.agent_dir = start, direction

    def place(self, x, y, direction, time):
        self.agent_pos, self.agent_dir, self.step_count = (x, y), direction, time


def fewest_actions(walls, start, goal):
    """Breadth-first search over MiniGrid's own `step`."""
    peer = Peer(walls, start, goal, 0)
    queue, seen = deque(((*start, d), 0) for d in range(4)), set()
    while queue:
        pose, actions = queue.popleft()
        if pose in seen:
            continue
        seen.add(pose)
        for action in range(3):
            peer.place(*pose, 0)
            terminated = peer.step(action)[2]
            if terminated:
                return actions + 1
            queue.append(((*map(int, peer.agent_pos), peer.agent_dir), actions + 1))
    return None


def random_level(rng):
    """Walls, goal: a fixed level in one of three cases, else 25, 60 or no walls."""
    if rng.random() < 1 / 3:
        _, goal, _, text = list(LEVELS.values())[rng.integers(len(LEVELS))]
        return wall_map(level_rows(text)), (goal[0] - 1, goal[1] - 1)
    walls = np.zeros(SIDE * SIDE, dtype=bool)
    walls[rng.permutation(SIDE * SIDE)[: rng.choice([0, 25, 25, 60])]] = True
    goal = int(rng.choice(np.flatnonzero(~walls)))
    return walls.reshape(SIDE, SIDE), (goal % SIDE, goal // SIDE)


def random_pose(rng, walls, goal):
    free = np.argwhere(~walls)[:, ::-1]
    free = free[np.any(free != goal, axis=1)]
    near = free[np.abs(free - goal).sum(axis=1) == 1]
    x, y = rng.choice(near if len(near) and rng.random() < 0.3 else free)
    direction = int(rng.integers(4))
    if abs(goal[0] - x) + abs(goal[1] - y) == 1 and rng.random() < 0.5:
        direction = [(1, 0), (0, 1), (-1, 0), (0, -1)].index((goal[0] - x, goal[1] - y))
    return int(x), int(y), direction


def packed_walls(walls):
    """256 bits, bit y * 16 + x: the map with its border, and ones outside."""
    padded = np.ones((16, 16), dtype=np.uint8)
    padded[1 : SIDE + 1, 1 : SIDE + 1] = walls
    return np.packbits(padded, bitorder="little").view("<u4")


def packed_views(image, direction):
    codes = np.concatenate([image.reshape(-1), [0]]).astype(np.uint8)
    return [*codes.view("<u4"), direction]


def state_words(walls, x, y, direction, goal, time):
    return [*packed_walls(walls), x + 1, y + 1, direction, goal[0] + 1, goal[1] + 1, time]


def record(rng, rows):
    names = ("state", "action", "reward", "terminated", "next_state", "observation")
    env, columns, inputs = Maze(), {name: [] for name in names}, []
    for _ in range(rows):
        walls, goal = random_level(rng)
        action = int(rng.choice([0, 1, 2, 2, 2, 2, 3, 4, 5, 6]))
        inputs.append((walls, goal, *random_pose(rng, walls, goal), int(rng.integers(HORIZON)), action))

    def one(walls, goal, x, y, direction, time, action):
        level = Level(walls, goal, jnp.array([x, y], jnp.uint32), direction.astype(jnp.uint8), SIDE, SIDE)
        state = env.init_state_from_level(level).replace(time=time)
        view, after, reward, _, _ = env.step_env(None, state, action, EnvParams(max_steps_in_episode=HORIZON))
        # `done` mixes the goal with the time limit; the reward does not.
        return view.image, after.agent_pos, after.agent_dir, reward

    batch = [jnp.array(values) for values in zip(*inputs)]
    batch[1] = batch[1].astype(jnp.uint32)
    images, places, headings, rewards = map(np.array, jax.vmap(one)(*batch))
    for i, (walls, goal, x, y, direction, time, action) in enumerate(inputs):
        reached = bool(rewards[i] > 0)
        agree_with_minigrid(walls, goal, (x, y, direction, time), action, images[i], rewards[i])
        after = state_words(walls, *map(int, places[i]), int(headings[i]), goal, time + 1)
        row = (
            state_words(walls, x, y, direction, goal, time), action, rewards[i], reached,
            after, packed_views(images[i], headings[i]),
        )  # fmt: skip
        for name, value in zip(names, row):
            columns[name].append(value)
    return {name: np.array(values) for name, values in columns.items()}


def agree_with_minigrid(walls, goal, pose, action, image, reward):
    """Stops where the second witness differs; after the goal its agent stands elsewhere by design."""
    x, y, direction, time = pose
    peer = Peer(walls, (x + 1, y + 1), (goal[0] + 1, goal[1] + 1), direction)
    peer.place(x + 1, y + 1, direction, time)
    view, peer_reward, terminated, _, _ = peer.step(action)
    assert terminated == bool(reward > 0) and abs(peer_reward - reward) < 1e-6, (pose, action)
    assert terminated or np.array_equal(view["image"], image), (pose, action)


def write(stem, columns, names):
    header = {
        "origin": f"jaxued {VERSIONS['jaxued']} jaxued.environments.maze.Maze, as minigrid {VERSIONS['minigrid']}",
        "script": Path(__file__).name,
        "seed": SEED,
        "skipped": 0,
        "state_fields": [*(f"walls.{i}" for i in range(8)), "x", "y", "direction", "goal_x", "goal_y", "time"],
    }
    write_golden(HERE / f"{stem}.golden", header, {name: columns[name] for name in names})


def write_levels():
    levels = []
    for name, (start, goal, known, text) in LEVELS.items():
        rows = level_rows(text)
        found = fewest_actions(wall_map(rows), start, goal)
        assert known in (None, found), (name, known, found)
        levels.append({"name": name, "start": start, "goal": goal, "fewest_actions": found, "walls": rows})
    origin = f"breadth-first search over minigrid {VERSIONS['minigrid']}; {Path(__file__).name}"
    lines = ",\n".join("    " + json.dumps(level) for level in levels)
    text = f'{{\n  "origin": {json.dumps(origin)},\n  "levels": [\n{lines}\n  ]\n}}\n'
    (HERE / "maze_levels.json").write_text(text, encoding="utf-8")


def main():
    rng = np.random.default_rng(SEED)
    write_levels()
    columns = record(rng, 14_000)
    transitions = {name: values[:11_000] for name, values in columns.items()}
    write("maze", transitions, ("state", "action", "reward", "terminated", "next_state"))
    views = {name: values[11_000:] for name, values in columns.items()}
    write("maze.views", views, tuple(columns))


if __name__ == "__main__":
    main()
