"""Gymnasium's Box2D environments for `make_box2d.py` and `check_box2d.py`: play them, and tell a state as the shaders keep it.

A state holds what Box2D carries from one step to the next: bodies, impulses of the joints and of the contacts, and the
order in which contacts were made, because rounds of its solver end before everything has settled.
"""

import math

import gymnasium
import numpy as np
from Box2D import b2ContactListener as contactListener

FPS = 50


def words(*values):
    return np.concatenate([np.atleast_1d(np.asarray(v, np.float32)) for v in values]).view(np.uint32)


def point_id(key):
    """The features of a contact's point, packed as `collide2d_id` does."""
    return (key & 255) | ((key >> 8) & 255) << 3 | ((key >> 16) & 1) << 6


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
    """One environment: `order` are its bodies and joints as Box2D's solver visits them."""

    options = {}
    # Parameters of the shader, where they are not its defaults.
    params = ()

    def __init__(self):
        self.env = gymnasium.make(self.gym_id, **self.options)
        self.raw = self.env.unwrapped

    def reset(self, seed=None):
        observation, _ = self.env.reset(seed=seed)
        self.impacts = Impacts(self)
        self.raw.world.contactListener = self.impacts
        return observation

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
    gym_id = title = "BipedalWalker-v3"
    first_body = 200
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
    gym_id = title = "BipedalWalkerHardcore-v3"
    stem, first_body = "bipedal_walker_hardcore", 411
    obstacles = 40

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
    gym_id = title = "LunarLander-v3"
    stem, slots, pushing, ground_step, first_body = "lunar_lander", 2, (0, 2), 2.0, 11
    rest = 0.0

    def bodies(self):
        first, second = self.raw.legs
        return [second, self.raw.lander, first]

    def joints(self):
        return [self.raw.legs[1].joint, self.raw.legs[0].joint]

    def reset(self, seed=None):
        observation = super().reset(seed)
        self.raw._np_random = Draws(self.raw.np_random)
        self.rest = np.float32(0.0)
        return observation

    def wind(self):
        return 0, 0

    def note_rest(self):
        """How long all bodies have been slow, as Box2D counts it."""
        slow = all(
            b.linearVelocity.lengthSquared <= np.float32(0.01) ** 2 and abs(b.angularVelocity) <= math.radians(2)
            for b in self.bodies()
        )
        self.rest = np.float32(self.rest + np.float32(0.02)) if slow else np.float32(0.0)

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
            heights, self.body_words(), self.joint_words(), touches, np.array([legs], np.uint32), words(self.rest),
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
    gym_id = title = "LunarLanderContinuous-v3"
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


def play(scene, policy, seed, steps, rng):
    """Transitions of play: (state, action, reward, terminated, next state, observation, touching points, parameters, impact)."""
    rows, left_out = [], 0
    observation, t = scene.reset(seed), 0
    while len(rows) < steps:
        before = scene.state(observation)
        action = scene.act(policy(t, observation))
        if isinstance(scene, Lander):
            scene.raw.np_random.seen.clear()
        scene.impacts.begin_step()
        following, reward, terminated, truncated, _ = scene.env.step(action)
        if isinstance(scene, Lander):
            scene.note_rest()
        after = scene.state(following)
        if isinstance(scene, Lander) and before is not None:
            # What this step drew for its engines belongs to the state before it.
            first, second = scene.raw.np_random.seen
            before[-2:] = words(first, second)
        if before is None or after is None:
            left_out += 1
        else:
            points = sum(c.manifold.pointCount for c in scene.raw.world.contacts)
            told = points, words(scene.params), scene.impacts.seen
            rows.append((before, action, reward, terminated, after, following, *told))
        observation, t = following, t + 1
        if terminated or truncated:
            observation, t = scene.reset(), 0
    return rows, left_out

