"""How board games, bandits and labyrinths of the `popgym` package and the environments' states translate into each other.

A case has: `stem`; `name` of its ids without the size; `sizes`, from the size to its constants; `state_fields` and
`param_fields` in the order of the environment's words; `draw_params` (words of parameters within the box of a size);
`make` (parameters -> reference environment); `prepare`, which puts a started reference where an episode may be and gives
what its own fields do not tell; `state` (reference -> words) and `load`, its inverse; `action`, one worth trying, which
errs or does not; `step`, which notes what the reference does not. `parts` says which sizes have a golden file of their
own.
"""

import numpy as np
from popgym.core.maze import Actions, Cell, Explored
from popgym.envs.battleship import Battleship
from popgym.envs.labyrinth_escape import LabyrinthEscape
from popgym.envs.labyrinth_explore import LabyrinthExplore
from popgym.envs.minesweeper import HiddenSquare, MineSweeper
from popgym.envs.multiarmed_bandit import MultiarmedBandit

VERSION = "1.0.7"
SIZES = ("Easy", "Medium", "Hard")
PARTS = {"Easy": "", "Medium": ".medium", "Hard": ".hard"}


def numbered(name, count):
    return [f"{name}.{i}" for i in range(count)]


def words(values):
    """Integers as they are, floats as their bit patterns."""
    return [int(np.float32(v).view(np.uint32)) if isinstance(v, (float, np.floating)) else int(v) for v in values]


def floats(values):
    return np.array(values, np.uint32).view(np.float32)


def bits(cells, stride, count):
    """The words that have a bit at row * stride + column for each cell that is set."""
    packed = [0] * count
    for row, column in np.argwhere(cells):
        at = int(row) * stride + int(column)
        packed[at // 32] |= 1 << (at % 32)
    return packed


def cells(packed, stride, side):
    return np.array([
        [packed[(row * stride + column) // 32] >> ((row * stride + column) % 32) & 1 for column in range(side)]
        for row in range(side)
    ], np.int8)  # fmt: skip


class BattleshipCase:
    stem, name = "battleship", "Battleship"
    sizes = {"Easy": 8, "Medium": 10, "Hard": 12}
    param_fields = ["side", *numbered("lengths", 4)]
    state_fields = ["places", "down", *numbered("shots", 6), "hits", "last", "hit"]
    parts, elements = PARTS, 1
    actions = 2

    def draw_params(self, size, rng):
        side = self.sizes[size]
        if rng.random() < 0.5:
            return [side, 2, 3, 3, 4]
        return [int(rng.integers(6, side + 1)), *(int(n) for n in rng.integers(1, 5, 4))]

    def make(self, params):
        env = Battleship(board_size=params[0], ship_sizes=list(params[1:]))
        # Where each ship goes is told by the board before and behind its placement.
        env.placed, place = [], env.place_ship

        def watched(board, length):
            before = board.copy()
            after = place(board, length)
            rows, columns = np.nonzero(after != before)
            env.placed.append((int(rows[0]), int(columns[0]), int(len(set(rows)) > 1)))
            return after

        env.place_ship = watched
        env.last = 255
        return env

    def start(self, env, seed=None):
        env.placed.clear()
        env.last = 255
        return env.reset(seed=seed)

    def prepare(self, env, rng):
        """Shots at many ships and some water: often all but one or two cells are hit."""
        share = rng.choice([0.0, 0.5, 0.8, 1.0])
        env.guesses = ((rng.random(env.board.shape) < np.where(env.board == 1, share, rng.uniform())) * 1).astype(np.int8)
        ship = np.argwhere(env.board == 1)
        row, column = ship[rng.integers(len(ship))]
        env.guesses[row, column] = 0
        env.hits = int((env.guesses * env.board).sum())
        env.last = int(rng.integers(12) * 16 + rng.integers(env.board_size))
        env.last_obs = int(rng.integers(2))

    def state(self, env):
        places = sum((row * 16 + column) << (8 * i) for i, (row, column, _) in enumerate(env.placed))
        down = sum(down << i for i, (*_, down) in enumerate(env.placed))
        return [places, down, *bits(env.guesses, 16, 6), env.hits, env.last, env.last_obs]

    def load(self, env, state):
        places, down = state[0], state[1]
        env.board[:] = 0
        env.placed[:] = []
        for i, length in enumerate(env.ship_sizes):
            first, points_down = places >> (8 * i) & 255, down >> i & 1
            row, column = first >> 4, first & 15
            to = (length, 1) if points_down else (1, length)
            env.board[row : row + to[0], column : column + to[1]] += 1
            env.placed.append((row, column, points_down))
        assert env.board.sum() == sum(env.ship_sizes) and env.board.max() == 1, "ships overlap or leave the board"
        env.guesses = cells(state[2:8], 16, env.board_size)
        env.hits, env.last, env.last_obs = state[8:]

    def action(self, env, rng, errs=True):
        if errs and rng.random() < 0.7:
            return rng.integers(env.board_size, size=2)
        kind = rng.integers(4)
        wanted = np.argwhere(
            (env.board == 1) & (env.guesses == 0) if kind < 2 else env.guesses == 1 if kind == 2 else env.guesses == 0
        )
        if len(wanted) == 0:
            return rng.integers(env.board_size, size=2)
        return wanted[rng.integers(len(wanted))]

    def step(self, env, action):
        result = env.step(action)
        env.last = int(action[0] * 16 + action[1])
        return result


class MineSweeperCase:
    stem, name = "minesweeper", "MineSweeper"
    sizes = {"Easy": (4, 2), "Medium": (6, 6), "Hard": (8, 10)}
    param_fields = ["side", "mines"]
    state_fields = [*numbered("mines", 2), *numbered("opened", 2), "last"]
    parts, elements = PARTS, 1
    actions = 2

    def draw_params(self, size, rng):
        side, mines = self.sizes[size]
        if rng.random() < 0.5:
            return [side, mines]
        return [int(rng.integers(4 if size == "Hard" else 3, side + 1)), int(rng.integers(1, mines + 1))]

    def make(self, params):
        env = MineSweeper(next(s.lower() for s in SIZES if self.sizes[s][0] >= params[0]))
        # The reference has three sizes; what its constructor computes from them is set for others.
        side, mines = params
        env.dims, env.num_mines = (side, side), mines
        env.max_episode_length = side * side - mines
        env.success_reward_scale = 1 / env.max_episode_length
        env.fail_reward_scale = -0.5 - env.success_reward_scale
        env.bad_action_reward_scale = -0.5 / (env.max_episode_length - 2)
        env.last = 255
        return env

    def start(self, env, seed=None):
        env.last = 255
        return env.reset(seed=seed)

    def prepare(self, env, rng):
        share = rng.choice([0.0, 0.5, 0.9, 1.0])
        safe = env.hidden_grid == HiddenSquare.CLEAR
        env.hidden_grid[safe & (rng.random(env.dims) < share)] = HiddenSquare.VIEWED
        mines = env.hidden_grid == HiddenSquare.MINE
        row, column = np.argwhere(~mines)[rng.integers((~mines).sum())]
        env.hidden_grid[row, column] = HiddenSquare.CLEAR
        env.last = int(rng.integers(env.dims[0]) * 8 + rng.integers(env.dims[0]))

    def state(self, env):
        grid = env.hidden_grid
        return [*bits(grid == HiddenSquare.MINE, 8, 2), *bits(grid == HiddenSquare.VIEWED, 8, 2), env.last]

    def load(self, env, state):
        side = env.dims[0]
        mines, opened = cells(state[:2], 8, side), cells(state[2:4], 8, side)
        assert mines.sum() == env.num_mines and not (mines & opened).any()
        self.draw(env, mines)
        env.hidden_grid[opened == 1] = HiddenSquare.VIEWED
        env.last = state[4]

    def draw(self, env, mines):
        """A start of the reference whose generator draws these mines."""

        class Drawn:
            def choice(self, *_, **__):
                return np.flatnonzero(mines)

        kept, env._np_random = env._np_random, Drawn()
        env.reset()
        env._np_random = kept

    def action(self, env, rng, errs=True):
        kinds = (HiddenSquare.CLEAR, HiddenSquare.CLEAR, HiddenSquare.VIEWED, HiddenSquare.MINE)
        kind = kinds[rng.integers(4)] if errs else kinds[2 * (rng.random() < 0.1)]
        wanted = np.argwhere(env.hidden_grid == kind)
        if len(wanted) == 0:
            wanted = np.argwhere(env.hidden_grid != HiddenSquare.MINE)
        return wanted[rng.integers(len(wanted))]

    def step(self, env, action):
        result = env.step(action)
        env.last = int(action[0] * 8 + action[1])
        return result


class BanditCase:
    stem, name = "multiarmed_bandit", "MultiarmedBandit"
    sizes = {"Easy": (10, 200), "Medium": (20, 400), "Hard": (30, 600)}
    param_fields = ["arms", "time_limit", "payout_low", "payout_high"]
    parts, elements = PARTS, 1
    actions = 1

    def __init__(self, size="Easy"):
        self.arms = self.sizes[size][0]
        self.state_fields = [*numbered("payouts", self.arms), "best", "arm", "paid"]

    def draw_params(self, size, rng):
        arms, pulls = self.sizes[size]
        if rng.random() < 0.5:
            return [arms, pulls, 0.0, 1.0]
        return [int(rng.integers(1, arms + 1)), int(rng.integers(10, 1001)), 0.0, 1.0]

    def make(self, params):
        return self.fresh(MultiarmedBandit(num_bandits=params[0], episode_length=params[1]))

    def fresh(self, env):
        env.arm, env.paid = self.arms, 0
        return env

    def start(self, env, seed=None):
        return self.fresh(env).reset(seed=seed)

    def prepare(self, env, rng):
        """Arms that never or always pay, so that a transition is a function of state and action."""
        env.bandits = rng.integers(0, 2, env.num_bandits).astype(np.float32)
        env.arm, env.paid = int(rng.integers(env.num_bandits)), int(rng.integers(2))

    def state(self, env):
        payouts = np.zeros(self.arms, np.float32)
        payouts[: env.num_bandits] = env.bandits
        return words([*payouts, env.bandits.max(), env.arm, env.paid])

    def load(self, env, state):
        env.bandits = floats(state[: env.num_bandits])
        env.arm, env.paid = state[self.arms + 1 :]

    def action(self, env, rng, errs=True):
        return rng.integers(env.num_bandits)

    def step(self, env, action):
        result = env.step(action)
        env.arm, env.paid = int(action), result[0]
        return result


class LabyrinthCase:
    stem = "labyrinth"
    sizes = {"Easy": 5, "Medium": 7, "Hard": 9}
    param_fields = ["side", "time_limit"]
    state_fields = [
        *numbered("walls", 19), *numbered("seen", 19), "x", "y", "entrance", "goal", "free", "left", "action",
    ]  # fmt: skip
    elements, actions = 10, 1

    def __init__(self, name, reference, part):
        self.name, self.reference = name, reference
        # All sizes have the same actions and observations, so one file holds their transitions.
        self.parts = {"Easy": part}
        self.escapes = reference is LabyrinthEscape

    def draw_params(self, size, rng):
        if rng.random() < 0.5:
            return [self.sizes[size], 1024]
        return [int(rng.integers(3, 10)), int(rng.integers(16, 2000))]

    def make(self, params):
        return self.reference(maze_dims=(2 * params[0],) * 2, episode_length=params[1])

    def start(self, env, seed=None):
        env.action = int(Actions.NONE)
        return env.reset(seed=seed)

    def look(self, env):
        """The first observation of what was loaded."""
        return env.get_obs(Actions.NONE)

    def prepare(self, env, rng):
        """The agent anywhere, with some cells, often all but one beside it, visited."""
        free = np.argwhere((env.maze.grid != Cell.OBSTACLE) & (env.maze.grid != Cell.GOAL))
        env.position = tuple(int(i) for i in free[rng.integers(len(free))])
        if self.escapes and rng.random() < 0.3:
            row, column = env.maze.end
            inner = 2 * env.maze_dims[0] - 1
            env.position = (min(max(row, 1), inner), min(max(column, 1), inner))
        share = rng.choice([0.0, 0.5, 0.9, 1.0])
        for row, column in free:
            if rng.random() < share:
                env.explored[row, column] = Explored.YES
        env.explored[env.position] = Explored.YES
        if share == 1.0 and not self.escapes:
            beside = [tuple(env.move(action)) for action in range(4)]
            last = beside[rng.integers(4)]
            if last != env.position and env.maze.grid[last] == Cell.FREE:
                env.explored[last] = Explored.NO
            else:
                row, column = free[rng.integers(len(free))]
                env.explored[row, column] = Explored.NO if env.maze.grid[row, column] == Cell.FREE else Explored.YES
        env.action = int(rng.integers(5))

    def state(self, env):
        grid = env.maze.grid
        side = len(grid)
        walls, seen = [2**32 - 1] * 19, [0] * 19
        for row in range(side):
            walls[row] = 2**32 - 1 - sum(1 << x for x in range(side) if grid[row, x] != Cell.OBSTACLE)
            seen[row] = sum(1 << x for x in range(side) if env.explored[row, x] == Explored.YES)
        free = grid == Cell.FREE
        (y, x), start, end = env.position, env.maze.start, env.maze.end
        goal = end[0] * 32 + end[1] if self.escapes else 1023
        left = int((free & (env.explored == Explored.NO)).sum())
        return [*walls, *seen, x, y, start[0] * 32 + start[1], goal, int(free.sum()), left, env.action]

    def load(self, env, state):
        side = len(env.maze.grid)
        bits_of = lambda rows: np.array([[row >> x & 1 for x in range(side)] for row in rows[:side]], np.int8)
        env.maze.grid = bits_of(state[:19]) * Cell.OBSTACLE
        env.explored = bits_of(state[19:38])
        x, y, entrance, goal, _, _, env.action = state[38:]
        env.position, env.maze.start = (y, x), divmod(entrance, 32)
        env.maze.grid[env.maze.start] = Cell.START
        if self.escapes:
            env.maze.end = divmod(goal, 32)
            env.maze.grid[env.maze.end] = Cell.GOAL
        else:
            env.pos_reward_scale = 1 / ((env.maze.grid == Cell.FREE).sum())

    def action(self, env, rng, errs=True):
        """A way that is open, to a new cell if there is one."""
        ways = [a for a in range(4) if tuple(env.move(a)) != tuple(env.position)]
        new = [a for a in ways if env.explored[tuple(env.move(a))] == Explored.NO]
        if errs and rng.random() < 0.5 or not ways:
            return rng.integers(4)
        # Between old cells it goes on as it came, mostly, so that it gets about.
        if not new and env.action in ways and rng.random() < 0.7:
            return env.action
        return rng.choice(new or ways)

    def step(self, env, action):
        result = env.step(int(action))
        env.action = int(action)
        return result


def cases(size):
    labyrinths = [
        LabyrinthCase("LabyrinthExplore", LabyrinthExplore, ""),
        LabyrinthCase("LabyrinthEscape", LabyrinthEscape, ".escape"),
    ]
    return [BattleshipCase(), MineSweeperCase(), BanditCase(size), *labyrinths]
