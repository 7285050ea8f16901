"""Gymnasium's Box2D environments for `make_box2d.py` and `check_box2d.py`: play them, and tell a state as the shaders keep it.

A state holds what Box2D carries from one step to the next: bodies, impulses of the joints and of the contacts, and the
order in which contacts were made, because rounds of its solver end before everything has settled.
"""

import math

import Box2D
import gymnasium
import numpy as np
from Box2D import b2ContactListener as contactListener

FPS = 50


def words(*values):
    return np.concatenate([np.atleast_1d(np.asarray(v, np.float32)) for v in values]).view(np.uint32)


def point_id(key):
    """The features of a contact's point, packed as `collide2d_id` does."""
    return (key & 255) | ((key >> 8) & 255) << 3 | ((key >> 16) & 1) << 6


BODY = ["center.0", "center.1", "angle", "velocity.0", "velocity.1", "spin"]
JOINT = ["point.0", "point.1", "limit", "motor"]
TOUCH = ["key", "normal.0", "normal.1", "tangent.0", "tangent.1"]


def column_fields(obstacles):
    """Names of the words of `columns2d`."""
    boxes = [f"boxes.{i}.{side}" for i in range(obstacles) for side in "xyzw"]
    return boxes + ["box_count"] + [f"columns.{i}" for i in range(50)]


class Impacts(contactListener):
    """Passes contacts on to the environment's listener and notes whether a step had impacts: only there contacts are looked
    at when their bodies have moved.
    """

    def __init__(self, scene):
        super().__init__()
        self.scene, self.inner = scene, scene.raw.world.contactListener
        self.begin_step()

    def begin_step(self):
        self.start, self.seen = self.scene.body_words().tobytes(), False

    def BeginContact(self, contact):
        self.inner.BeginContact(contact)

    def EndContact(self, contact):
        self.inner.EndContact(contact)

    def PreSolve(self, contact, manifold):
        # An engine pushes the hull before the step; places are what a step begins with.
        moved = [np.frombuffer(w, np.float32).reshape(-1, 6)[:, :3] for w in (self.start, self.scene.body_words().tobytes())]
        self.seen = self.seen or not np.array_equal(*moved)


class Scene:
    """One environment: its bodies and joints in the order in which Box2D's solver visits them.

    `ground` and `rest` are the fields of the shader's state before and behind what all scenes have.
    """

    options, has_fast, title = {}, True, None
    # Parameters of the shader, where they are not its defaults.
    params = ()

    def __init__(self):
        self.env = gymnasium.make(self.gym_id, **self.options)
        self.raw = self.env.unwrapped

    @classmethod
    def label(cls):
        return cls.title or cls.gym_id

    @property
    def origin(self):
        return f"gymnasium {gymnasium.__version__} {self.gym_id}, box2d {Box2D.__version__}"

    @property
    def fields(self):
        """Names of the words of the shader's state."""
        parts = (("bodies", len(self.bodies()), BODY), ("joints", len(self.joints()), JOINT),
                 ("touches", len(self.pushing) * self.slots, TOUCH))
        return self.ground + [f"{name}.{i}.{word}" for name, count, words in parts for i in range(count) for word in words] + self.rest

    def reset(self, seed=None):
        observation, _ = self.env.reset(seed=seed)
        self.watch()
        return observation

    def watch(self):
        """Looks for impacts from here on."""
        self.impacts = Impacts(self)
        self.raw.world.contactListener = self.impacts

    def step(self, action):
        self.impacts.begin_step()
        return self.env.step(action)

    def amend(self, before):
        """Puts into the words of the state before a step what only the step has told."""

    def piece(self, fixture):
        """Number of a piece of ground, None for the floor below it."""
        (left, _), (right, _) = fixture.shape.vertices[:2]
        return None if right - left > 1.5 * self.ground_step else round(left / self.ground_step)

    def body_words(self):
        out = []
        for body in self.bodies():
            out.append(words(tuple(body.worldCenter), body.angle, tuple(body.linearVelocity), body.angularVelocity))
        return np.concatenate(out)

    def joint_words(self):
        out = []
        for joint in self.joints():
            force = joint.GetReactionForce(FPS)
            limit, motor = joint.GetReactionTorque(FPS), joint.GetMotorTorque(FPS)
            out.append(words(np.array([force[0], force[1], limit, motor]) / FPS))
        return np.concatenate(out)

    def touch_words(self):
        """Contacts of the bodies that push, newest first, and whether anything does not fit."""
        bodies = self.bodies()
        places = {body: [] for body in self.pushing}
        # The binding lists contacts from the oldest to the newest.
        for contact in reversed(self.raw.world.contacts):
            count = contact.manifold.pointCount
            robot = contact.fixtureB.body
            if robot not in bodies:
                # Polygon against polygon: which comes first depends on which places in Box2D's tree are free.
                return None
            body = bodies.index(robot)
            if count == 0 or body not in places:
                continue
            edge = self.piece(contact.fixtureA)
            if edge is None:
                return None
            points = contact.manifold.points[:count]
            ids = [point_id(point.id.key) for point in points] + [255]
            impulses = [(point.normalImpulse, point.tangentImpulse) for point in points] + [(0.0, 0.0)]
            places[body].append(np.concatenate([
                np.array([(edge + 1) << 16 | ids[0] << 8 | ids[1]], np.uint32),
                words([impulses[0][0], impulses[1][0]], [impulses[0][1], impulses[1][1]]),
            ]))
        if any(len(place) > self.slots for place in places.values()):
            return None
        empty = [np.zeros(5, np.uint32)]
        return np.concatenate([t for body in self.pushing for t in places[body] + empty * (self.slots - len(places[body]))])


class Walker(Scene):
    gym_id = "BipedalWalker-v3"
    ground, rest = [f"heights.{i}" for i in range(200)], ["feet"] + [f"lidar.{i}" for i in range(10)]
    stem, slots, pushing, ground_step = "bipedal_walker", 4, (0, 1, 3, 4), 14 / 30

    def bodies(self):
        left_upper, left_lower, right_upper, right_lower = self.raw.legs
        return [right_lower, right_upper, self.raw.hull, left_upper, left_lower]

    def joints(self):
        left_hip, left_knee, right_hip, right_knee = self.raw.joints
        return [right_knee, right_hip, left_hip, left_knee]

    def state(self, observation):
        touches = self.touch_words()
        if touches is None:
            return None
        feet = int(observation[8] > 0) | int(observation[13] > 0) << 1
        heights = words(self.raw.terrain_y)
        lidar = words(observation[14:])
        return np.concatenate([heights, self.body_words(), self.joint_words(), touches, np.array([feet], np.uint32), lidar])

    def policies(self, rng):
        def random(t, o):
            return rng.uniform(-1, 1, 4)

        held = [np.zeros(4)]

        def holding(t, o):
            if t % 7 == 0:
                held[0] = np.clip(rng.normal(0, 1, 4), -1, 1)
            return held[0]

        def gait(t, o):
            phase = 0.12 * t
            legs = [phase, phase + math.pi]
            target = [f(p) for p in legs for f in (lambda p: 0.5 * math.sin(p) + 0.1, lambda p: 0.6 * math.sin(p + 1) - 0.9)]
            angles = np.array([o[4], o[6] - 1, o[9], o[11] - 1])
            return np.clip(3 * (np.array(target) - angles) - 0.3 * o[[5, 7, 10, 12]], -1, 1)

        return {"random": random, "holding": holding, "gait": gait}

    def act(self, action):
        return np.asarray(action, np.float32)


class HardcoreWalker(Walker):
    gym_id = "BipedalWalkerHardcore-v3"
    stem, obstacles = "bipedal_walker_hardcore", 40
    ground = Walker.ground + column_fields(obstacles)

    def reset(self, seed=None):
        """As the reference, then the walker is put somewhere over the track, where it would hardly get by these policies.

        In a new world, where all ground comes before the walker in the tree that decides which polygon is the first.
        """
        rng = self.raw.np_random if seed is None else np.random.default_rng(seed)
        self.env = gymnasium.make(self.gym_id)
        self.raw = self.env.unwrapped
        observation = super().reset(int(rng.integers(1 << 31)))
        self.polygons = [t.fixtures[0].shape.vertices for t in self.raw.terrain[::-1] if len(t.fixtures[0].shape.vertices) > 2]
        rng = self.raw.np_random
        x = rng.uniform(5.0, 85.0)
        edge = int(x / self.ground_step)
        ground = max(self.raw.terrain_y[max(edge - 3, 0) : edge + 5])
        tops = [y for v in self.polygons for px, y in v if abs(px - x) < 3.0]
        lift = max([ground, *tops]) - self.raw.hull.position[1] + rng.uniform(2.0, 2.6)
        for body in self.bodies():
            body.position = body.position + (x - 4.6666665, lift)
        self.raw.prev_shaping = 130 * self.raw.hull.position[0] / 30 - 5.0 * abs(self.raw.hull.angle)
        return observation

    def piece(self, fixture):
        vertices = fixture.shape.vertices
        if len(vertices) == 2:
            return super().piece(fixture)
        return 201 + self.polygons.index(vertices)

    def state(self, observation):
        rest = super().state(observation)
        if rest is None:
            return None
        boxes, columns = np.zeros((self.obstacles, 4), np.float32), np.zeros(200, np.uint8)
        for i, vertices in enumerate(self.polygons):
            xs, ys = zip(*vertices)
            boxes[i] = min(xs), min(ys), max(xs), max(ys)
            columns[round(min(xs) / self.ground_step) : round(max(xs) / self.ground_step)] = i + 1
        count = np.array([len(self.polygons)], np.uint32)
        return np.concatenate([rest[:200], boxes.reshape(-1).view(np.uint32), count, columns.view("<u4"), rest[200:]])


class Draws:
    """Passes draws on and keeps the scalars, which are those of the engines."""

    def __init__(self, generator):
        self.generator, self.seen = generator, []

    def uniform(self, *args, **kwargs):
        value = self.generator.uniform(*args, **kwargs)
        if np.ndim(value) == 0:
            self.seen.append(float(value))
        return value

    def __getattr__(self, name):
        return getattr(self.generator, name)


class Lander(Scene):
    gym_id = "LunarLander-v3"
    stem, slots, pushing, ground_step = "lunar_lander", 2, (0, 2), 2.0
    ground = [f"heights.{i}" for i in range(11)]
    rest = ["legs", "rest", "asleep", "wind", "turbulence", "scatter.0", "scatter.1"]
    rested = 0.0

    def bodies(self):
        first, second = self.raw.legs
        return [second, self.raw.lander, first]

    def joints(self):
        return [self.raw.legs[1].joint, self.raw.legs[0].joint]

    def reset(self, seed=None):
        observation = super().reset(seed)
        self.raw._np_random = Draws(self.raw.np_random)
        self.rested = np.float32(0.0)
        return observation

    def step(self, action):
        self.raw.np_random.seen.clear()
        told = super().step(action)
        self.note_rest()
        return told

    def amend(self, before):
        # What a step drew for its engines belongs to the state before it.
        before[-2:] = words(*self.raw.np_random.seen)

    def wind(self):
        return 0, 0

    def note_rest(self):
        """How long all bodies have been slow, as Box2D counts it."""
        slow = all(
            b.linearVelocity.lengthSquared <= np.float32(0.01) ** 2 and abs(b.angularVelocity) <= math.radians(2)
            for b in self.bodies()
        )
        self.rested = np.float32(self.rested + np.float32(0.02)) if slow else np.float32(0.0)

    def state(self, observation):
        touches = self.touch_words()
        if touches is None:
            return None
        ground = sorted(tuple(map(tuple, f.shape.vertices)) for f in self.raw.moon.fixtures)
        edges = [e for e in ground if e[1][0] - e[0][0] < 3.0]
        heights = words([e[0][1] for e in edges] + [edges[-1][1][1]])
        legs = int(observation[6] > 0) | int(observation[7] > 0) << 1
        asleep = int(not self.raw.lander.awake)
        return np.concatenate([
            heights, self.body_words(), self.joint_words(), touches, np.array([legs], np.uint32), words(self.rested),
            np.array([asleep, *self.wind()], np.int32).view(np.uint32), words(0.0, 0.0),
        ])

    def policies(self, rng):
        def heuristic(t, o):
            lean = np.clip(0.5 * o[0] + o[2], -0.4, 0.4)
            turn, lift = 0.5 * (lean - o[4]) - o[5], 0.5 * (0.55 * abs(o[0]) - o[1]) - 0.5 * o[3]
            if o[6] or o[7]:
                turn, lift = 0.0, -0.5 * o[3]
            if lift > abs(turn) and lift > 0.05:
                return 2
            return 3 if turn < -0.05 else 1 if turn > 0.05 else 0

        def random(t, o):
            return int(rng.integers(4))

        def mixed(t, o):
            return random(t, o) if rng.random() < 0.3 else heuristic(t, o)

        return {"random": random, "heuristic": heuristic, "mixed": mixed}

    def act(self, action):
        return action


class ContinuousLander(Lander):
    gym_id = "LunarLanderContinuous-v3"
    stem = "lunar_lander_continuous"

    def policies(self, rng):
        table = [(-1.0, 0.0), (-1.0, -0.8), (0.6, 0.0), (-1.0, 0.8)]

        def scaled(policy):
            def act(t, o):
                return np.array(table[policy(t, o)]) * rng.uniform(0.6, 1.6)

            return act

        return {name: scaled(policy) for name, policy in super().policies(rng).items()}

    def act(self, action):
        return np.asarray(action, np.float32)


class WindyLander(Lander):
    title = "LunarLander-v3 with wind"
    options, params = {"enable_wind": True}, (10.0, 13.0, 0.6, 1000.0, 15.0, 1.5)

    def wind(self):
        return self.raw.wind_idx, self.raw.torque_idx


def play(scene, policy, seed, steps):
    """Transitions of play: (state, action, reward, terminated, next state, observation, touching points, parameters, impact)."""
    rows, left_out = [], 0
    observation, t = scene.reset(seed), 0
    while len(rows) < steps:
        before = scene.state(observation)
        action = scene.act(policy(t, observation))
        following, reward, terminated, truncated, _ = scene.step(action)
        after = scene.state(following)
        if before is None or after is None:
            left_out += 1
        else:
            scene.amend(before)
            points = sum(c.manifold.pointCount for c in scene.raw.world.contacts)
            told = points, words(scene.params), scene.impacts.seen
            rows.append((before, action, reward, terminated, after, following, *told))
        observation, t = following, t + 1
        if terminated or truncated:
            observation, t = scene.reset(), 0
    return rows, left_out
