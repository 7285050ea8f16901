"""How the games of the `minatar` package and the environments' states translate into each other.

A case has: `stem`; `name` of the environment without version; `state_fields` in the order of the environment's words;
`actions`, the numbers that the minimal action set has in the reference; `state` (game -> values of the fields) and
`load` (values -> game), inverse to each other; `params` (game -> words of its parameters); `prepare`, which puts a
fresh game where play seldom gets; and `play`, which errs at a given rate and returns the index of an action.
"""

import numpy as np


def packed_bits(planes):
    """Elements of a boolean array, in order, as little-endian 32-bit words."""
    padded = np.zeros(-(-planes.size // 32) * 32, dtype=np.uint8)
    padded[: planes.size] = planes.reshape(-1)
    return np.packbits(padded, bitorder="little").view("<u4")


def nibbles(values):
    """The word that holds values[i] at bits 4 i to 4 i + 3."""
    return sum(int(value) << (4 * i) for i, value in enumerate(values))


def nibble(word, i):
    return (int(word) >> (4 * i)) & 15


def board(cells):
    """A 10 x 10 board as four words, three rows of ten bits to a word."""
    return [sum(1 << (10 * (r % 3) + c) for r in range(10) for c in range(10) if r // 3 == w and cells[r, c])
            for w in range(4)]


def cells(words):
    """The inverse of `board`."""
    return np.array([[(words[r // 3] >> (10 * (r % 3) + c)) & 1 for c in range(10)] for r in range(10)], float)


class Breakout:
    stem = "breakout"
    name = "MinAtar/Breakout"
    state_fields = ("ball_x", "ball_y", "ball_direction", "trail", "paddle", "bricks", "strike")
    # What the game calls its minimal action set: none, left, right.
    actions = (0, 1, 3)

    @staticmethod
    def params(game):
        return [0x3FFFFFFF]

    @staticmethod
    def state(game):
        bricks = sum(1 << int(cell - 8) for cell in np.flatnonzero(game.brick_map))
        trail = game.last_y * 10 + game.last_x
        return [game.ball_x, game.ball_y, game.ball_dir, trail, game.pos, bricks, int(game.strike)]

    @staticmethod
    def load(game, values):
        game.ball_x, game.ball_y, game.ball_dir, trail, game.pos, bricks, strike = values
        game.last_y, game.last_x = divmod(trail, 10)
        game.brick_map = np.zeros((10, 10))
        game.brick_map.reshape(-1)[[bit + 8 for bit in range(32) if bricks >> bit & 1]] = 1
        game.strike = bool(strike)
        game.terminal = False

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


class Freeway:
    stem = "freeway"
    name = "MinAtar/Freeway"
    state_fields = ("chicken", "move_timer", "time_left", "columns", "timers", "speeds")
    # None, up, down.
    actions = (0, 2, 4)

    @staticmethod
    def params(game):
        return [2500, 5]

    @staticmethod
    def state(game):
        x, _, timer, speed = zip(*game.cars)
        signed = [abs(s) + 8 * (s > 0) for s in speed]
        return [game.pos, game.move_timer, game.terminate_timer, nibbles(x), nibbles(timer), nibbles(signed)]

    @staticmethod
    def load(game, values):
        game.pos, game.move_timer, game.terminate_timer, x, timers, speeds = values
        game.cars = []
        for i in range(8):
            speed = nibble(speeds, i)
            signed = speed - 8 if speed >= 8 else -speed
            game.cars.append([nibble(x, i), i + 1, nibble(timers, i), signed])
        game.terminal = False

    @staticmethod
    def prepare(game, rng):
        """Most games begin anywhere in the road and in time."""
        if rng.random() < 0.8:
            for car in game.cars:
                car[0], car[2] = int(rng.integers(10)), int(rng.integers(abs(car[3]) + 1))
            game.pos = int(rng.integers(1, 10))
            game.move_timer = int(rng.integers(3))
            game.terminate_timer = int(rng.choice([rng.integers(2501), rng.integers(5), 2500]))

    @staticmethod
    def play(game, rng, error):
        """Up, unless a car stands in the way; or anything."""
        if rng.random() < error:
            return int(rng.integers(3))
        ahead = game.cars[game.pos - 2][0] if game.pos >= 2 else 0
        return 0 if abs(ahead - 4) <= 1 else 1

    @staticmethod
    def draws(values):
        """The draws that put a game into this state, for `Forced`."""
        speeds = [nibble(values[5], i) for i in range(8)]
        return {"randint": np.array([s & 7 for s in speeds]), "rand": np.array([0.25 + 0.5 * (s >= 8) for s in speeds])}

    @staticmethod
    def categories(values):
        """What is drawn, in parts whose distributions can be compared: neighbouring cars in pairs."""
        return {f"cars {i + 1} and {i + 2}": (int(values[5]) >> (4 * i)) & 0xFF for i in range(7)}


class Asterix:
    stem = "asterix"
    name = "MinAtar/Asterix"
    state_fields = (
        "player_x", "player_y", "columns", "kinds", "spawn_interval", "spawn_timer", "move_interval", "move_timer",
        "ramp_timer", "ramp_index",
    )
    # None, left, up, right, down.
    actions = (0, 1, 2, 3, 4)

    @staticmethod
    def params(game):
        return [int(game.ramping), 10, 5]

    @staticmethod
    def state(game):
        columns = nibbles(0 if e is None else e[0] for e in game.entities)
        kinds = nibbles(0 if e is None else 1 + 2 * e[2] + 4 * e[3] for e in game.entities)
        return [
            game.player_x, game.player_y, columns, kinds, game.spawn_speed, game.spawn_timer, game.move_speed,
            game.move_timer, game.ramp_timer + 1, game.ramp_index,
        ]

    @staticmethod
    def load(game, values):
        (game.player_x, game.player_y, columns, kinds, game.spawn_speed, game.spawn_timer, game.move_speed,
         game.move_timer, ramp_timer, game.ramp_index) = values
        game.ramp_timer = ramp_timer - 1
        game.entities = [None] * 8
        for i in range(8):
            kind = nibble(kinds, i)
            if kind:
                game.entities[i] = [nibble(columns, i), i + 1, bool(kind & 2), bool(kind & 4)]
        game.terminal = False

    @staticmethod
    def prepare(game, rng):
        """Some games begin late: entities everywhere, short intervals."""
        game.ramping = bool(rng.random() < 0.9)
        if rng.random() < 0.6:
            game.ramp_index = int(rng.integers(12))
            game.spawn_speed = max(1, 10 - game.ramp_index)
            game.move_speed = max(1, 5 - game.ramp_index // 2)
            game.spawn_timer = int(rng.integers(game.spawn_speed))
            game.move_timer = int(rng.integers(game.move_speed))
            game.ramp_timer = int(rng.integers(-1, 101))
            game.player_x, game.player_y = int(rng.integers(10)), int(rng.integers(1, 9))
            for i in range(8):
                if i + 1 != game.player_y and rng.random() < 0.5:
                    sides = bool(rng.random() < 0.5), bool(rng.random() < 0.4)
                    game.entities[i] = [int(rng.integers(10)), i + 1, *sides]

    @staticmethod
    def play(game, rng, error):
        """Index of an action: after gold where it is safe, away from enemies; or anything."""
        if rng.random() < error:
            return int(rng.integers(5))
        best, chosen = -100.0, 0
        for action, (dx, dy) in enumerate(((0, 0), (-1, 0), (0, -1), (1, 0), (0, 1))):
            x, y = min(max(game.player_x + dx, 0), 9), min(max(game.player_y + dy, 1), 8)
            value = 0.1 * rng.random() - 0.01 * abs(y - 4.5)
            for entity in filter(None, game.entities):
                far = abs(entity[0] - x) + abs(entity[1] - y)
                if entity[3]:
                    value += 1 / (1 + far)
                elif entity[1] == y and far <= 2:
                    value -= 5 - far
            if value > best:
                best, chosen = value, action
        return chosen


class SpaceInvaders:
    stem = "space_invaders"
    name = "MinAtar/SpaceInvaders"
    state_fields = (
        "cannon", *(f"{name}.{i}" for name in ("aliens", "bullets", "alien_bullets") for i in range(4)), "rightward",
        "move_interval", "move_timer", "alien_shot_timer", "shot_timer", "ramp_index",
    )
    # None, left, right, fire.
    actions = (0, 1, 3, 5)

    @staticmethod
    def params(game):
        return [int(game.ramping), 12]

    @staticmethod
    def state(game):
        maps = board(game.alien_map) + board(game.f_bullet_map) + board(game.e_bullet_map)
        return [
            game.pos, *maps, int(game.alien_dir > 0), game.enemy_move_interval, int(game.alien_move_timer),
            game.alien_shot_timer, game.shot_timer, game.ramp_index,
        ]

    @staticmethod
    def load(game, values):
        game.pos = values[0]
        game.alien_map, game.f_bullet_map, game.e_bullet_map = (cells(values[i : i + 4]) for i in (1, 5, 9))
        game.alien_dir = 1 if values[13] else -1
        (game.enemy_move_interval, game.alien_move_timer, game.alien_shot_timer, game.shot_timer,
         game.ramp_index) = values[14:]
        game.terminal = False

    @staticmethod
    def prepare(game, rng):
        """Waves that are nearly cleared, or far down, or fast."""
        game.ramping = bool(rng.random() < 0.9)
        game.ramp_index = int(rng.integers(7))
        game.enemy_move_interval = 12 - game.ramp_index
        stay = rng.random((4, 6)) < rng.choice([0.1, 0.3, 1.0])
        stay[rng.integers(4), rng.integers(6)] = True
        down = int(rng.integers(7)) if rng.random() < 0.5 else 0
        game.alien_map[:] = 0
        game.alien_map[down : down + 4, 2:8] = stay
        game.alien_dir = int(rng.choice([-1, 1]))
        game.alien_move_timer = int(rng.integers(min(stay.sum(), game.enemy_move_interval)))
        game.alien_shot_timer = int(rng.integers(10))
        game.pos = int(rng.integers(10))

    @staticmethod
    def play(game, rng, error):
        """Index of an action: out of the way of bullets, below aliens, fire; or anything."""
        if rng.random() < error:
            return int(rng.integers(4))
        danger = game.e_bullet_map[6:10].sum(0)
        if danger[game.pos]:
            return 1 if game.pos > 0 and not danger[game.pos - 1] else 2
        columns = np.flatnonzero(game.alien_map.sum(0))
        nearest = columns[np.argmin(abs(columns - game.pos))]
        if game.shot_timer == 0 and abs(nearest - game.pos) <= 1:
            return 3
        step = int(np.sign(nearest - game.pos))
        return 0 if step == 0 or danger[game.pos + step] else 1 if step < 0 else 2


class Seaquest:
    stem = "seaquest"
    name = "MinAtar/Seaquest"
    state_fields = (
        "oxygen", "aboard", "shot_timer", "spawn_timer", "diver_timer", "ramp_index", "count",
        *(f"things.{i}" for i in range(44)),
    )
    actions = (0, 1, 2, 3, 4, 5)
    # The bits of a thing that is there, is an enemy, and of the kinds.
    there, enemy, bullet, torpedo, fish, sub, diver = 0x200, 0x400, 0x1000, 0x2000, 0x2C00, 0x3400, 0x4800

    @staticmethod
    def params(game):
        return [int(game.ramping)]

    @classmethod
    def thing(cls, values, kind=0):
        """[column, row, heading, timer, timer of shots] of the reference as a word; the timers are optional."""
        x, y, right, move, fire = (*values, 0, 0)[:5]
        return x | y << 4 | right << 8 | cls.there | kind | move << 15 | fire << 19

    @classmethod
    def state(cls, game):
        # The reference has a list for each kind, in order of age; the environment has one for enemies and divers. An
        # act adds at most one of each, the enemy first.
        alive = {id(thing): thing for thing in game.e_subs + game.e_fish + game.divers}
        order = [thing for thing in getattr(game, "order", []) if id(thing) in alive]
        known = {id(thing) for thing in order}
        game.order = order + [thing for thing in alive.values() if id(thing) not in known]
        divers = {id(diver) for diver in game.divers}
        kind = lambda thing: cls.sub if len(thing) == 5 else cls.diver if id(thing) in divers else cls.fish
        swimming = [cls.thing(thing, kind(thing)) for thing in reversed(game.order)]
        torpedoes = [cls.thing(torpedo, cls.torpedo) for torpedo in game.e_bullets]
        bullets = [cls.thing(bullet, cls.bullet) for bullet in game.f_bullets]
        submarine = cls.thing((game.sub_x, game.sub_y, game.sub_or))
        assert len(bullets) <= 2 and len(divers) <= 2 and len(swimming) - len(divers) <= 30 and len(torpedoes) <= 8
        assert game.move_speed == max(2, 5 - game.ramp_index // 2) and game.e_spawn_speed == 20 - game.ramp_index
        assert game.terminal or game.surface == (game.sub_y == 0)
        things = [submarine, *(bullets + [0, 0])[:2], *swimming, *torpedoes]
        return [
            game.oxygen, game.diver_count, game.shot_timer, game.e_spawn_timer, game.d_spawn_timer, game.ramp_index,
            len(things), *(things + [0] * 44)[:44],
        ]

    @classmethod
    def load(cls, game, values):
        (game.oxygen, game.diver_count, game.shot_timer, game.e_spawn_timer, game.d_spawn_timer,
         game.ramp_index) = values[:6]
        game.e_spawn_speed, game.move_speed = 20 - game.ramp_index, max(2, 5 - game.ramp_index // 2)
        submarine, bullets, things = values[7], values[8:10], values[10:7 + values[6]]

        def unpacked(words, kind, length):
            words = [word for word in words if word and word & 0x7C00 == kind]
            return [[w & 15, w >> 4 & 15, bool(w >> 8 & 1), w >> 15 & 15, w >> 19][:length] for w in words]

        game.sub_x, game.sub_y, game.sub_or = submarine & 15, submarine >> 4 & 15, bool(submarine & 0x100)
        game.surface = game.sub_y == 0
        game.f_bullets = unpacked(bullets, cls.bullet, 3)
        game.e_bullets = unpacked(things, cls.torpedo, 3)
        lengths = {cls.sub: 5, cls.fish: 4, cls.diver: 4}
        lists = {kind: unpacked(things[::-1], kind, length) for kind, length in lengths.items()}
        game.e_subs, game.e_fish, game.divers = lists.values()
        heads = {kind: iter(swimming) for kind, swimming in lists.items()}
        game.order = [next(heads[word & 0x7C00]) for word in things[::-1] if word & 0x7C00 in heads]
        game.terminal = False

    @staticmethod
    def prepare(game, rng):
        """As after many surfacings: frequent and fast enemies, divers aboard, little oxygen."""
        game.ramping = bool(rng.random() < 0.9)
        game.ramp_index = int(rng.choice([rng.integers(12), rng.integers(12, 20)]))
        game.e_spawn_speed = 20 - game.ramp_index
        game.move_speed = max(2, 5 - game.ramp_index // 2)
        game.e_spawn_timer = int(rng.integers(game.e_spawn_speed))
        game.d_spawn_timer = int(rng.integers(30))
        game.diver_count = int(rng.choice([-1, 0, 1, 2, 5, 6]))
        game.oxygen = int(rng.choice([rng.integers(1, 201), rng.integers(1, 20), 200]))
        # Some wait at the surface, where nothing can harm them, until the water is full of enemies.
        if rng.random() < 0.15:
            game.ramp_index, game.e_spawn_speed, game.e_spawn_timer, game.move_speed = 19, 1, 0, 2
        else:
            game.sub_y = int(rng.integers(1, 9))
            game.surface = False

    @staticmethod
    def play(game, rng, error):
        """Index of an action: out of the way or fire, after divers, up when the air is short; or anything."""
        if rng.random() < error:
            return int(rng.integers(6))
        x, y = game.sub_x, game.sub_y
        if y == 0 and game.surface and game.e_spawn_speed == 1 and rng.random() < 0.98:
            return 0
        dangers = [e for e in game.e_subs + game.e_fish + game.e_bullets]

        def safe(column, row):
            return not any(d[1] == row and abs(d[0] - column) <= 1 for d in dangers)

        facing = [d for d in dangers if d[1] == y and len(d) > 3 and (d[0] > x) == game.sub_or]
        if facing and game.shot_timer == 0:
            return 5
        urgent = game.diver_count != 0 and (game.oxygen < 60 or game.diver_count == 6)
        goal = (x, 0) if urgent else tuple(game.divers[0][:2]) if game.divers else (4, 1 + game.oxygen // 10 % 8)
        moves = {0: (x, y), 1: (x - 1, y), 2: (x, y - 1), 3: (x + 1, y), 4: (x, y + 1)}
        best, chosen = -1e9, 0
        for action, (column, row) in moves.items():
            column, row = min(max(column, 0), 9), min(max(row, 0 if urgent else 1), 8)
            value = rng.random() - abs(column - goal[0]) - abs(row - goal[1]) - 20 * (not safe(column, row))
            if value > best:
                best, chosen = value, action
        return chosen


CASES = (Breakout, Freeway, Asterix, SpaceInvaders, Seaquest)
