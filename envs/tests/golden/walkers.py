"""Walkers on tracks with parameters, on Box2D: levels, scenes and transitions for `make_box2d.py` and the programs that check.

Written after the facts of teachDeepRL (Portelas et al. 2019) and of the 8-parameter walker of POET and ACCEL (Wang et al.
2019, Parker-Holder et al. 2022), whose own programs need packages that are gone. A level is the line of the ground and its
polygons; Box2D gets the polygons first, from left to right, then the edges, then hull and legs.
"""

import math

import Box2D
import numpy as np
from box2d import FPS, Walker, column_fields, words

STEP, GROUND = 14 / 30, 10 / 3
PAD, END = 20 * STEP, 200 * STEP
FRICTION = 2.5


class Body:
    """What a walker is made of; lengths in thirtieths of a metre, as in the reference."""

    def __init__(self, hull, leg_width, leg_height, torque, penalty, anchors, starts, order):
        self.hull, self.leg_width, self.leg_height = hull, leg_width, leg_height
        self.torque, self.penalty, self.anchors, self.starts = torque, penalty, anchors, starts
        # Names of bodies and joints as Box2D's solver visits them.
        self.order = order


SMALL_HULL = [(-30, 9), (6, 9), (34, 1), (34, -8), (-30, -8)]
LARGE_HULL = [(-46, 13), (6, 13), (50, 5), (50, -12), (-46, -12)]
TWO = ([("lower", 1), ("upper", 1), "hull", ("upper", 0), ("lower", 0)], [("knee", 1), ("hip", 1), ("hip", 0), ("knee", 0)])
FOUR = (
    [("lower", 3), ("upper", 3), "hull"] + [(part, leg) for leg in range(3) for part in ("upper", "lower")],
    [("knee", 3), ("hip", 3), ("hip", 2), ("hip", 1), ("hip", 0), ("knee", 0), ("knee", 1), ("knee", 2)],
)
BIPED = Body(SMALL_HULL, 8, 34, 80.0, 0.00035, [0.0], [0.0], TWO)
SHORT = Body(SMALL_HULL, 8, 17, 80.0, 0.00035, [0.0], [0.0], TWO)
# Legs start 1.6 m behind and 1.36 m before the middle, though they hang at 1.2 m and 0.85 m: the first step pulls them there.
QUADRUPED = Body(LARGE_HULL, 10, 51, 300.0, 0.00035 / 8, [-1.2, 0.85], [-1.6, 1.36], FOUR)


class Listener(Box2D.b2ContactListener):
    def __init__(self, world):
        super().__init__()
        self.world = world

    def sides(self, contact):
        return contact.fixtureA.body, contact.fixtureB.body

    def BeginContact(self, contact):
        if self.world.hull in self.sides(contact):
            self.world.fallen = True
        for leg in (0, 1):
            if self.world.part["lower", leg] in self.sides(contact):
                self.world.stands[leg] = True

    def EndContact(self, contact):
        for leg in (0, 1):
            if self.world.part["lower", leg] in self.sides(contact):
                self.world.stands[leg] = False


class Hits(Box2D.b2RayCastCallback):
    """Shares of a ray at which it meets the ground."""

    def __init__(self):
        super().__init__()
        self.shares = []

    def ReportFixture(self, fixture, point, normal, fraction):
        if fixture.filterData.categoryBits & 1:
            self.shares.append(fraction)
        return 1.0


class World:
    """A walker on a level: `points` of the ground's line and `polygons`; `most` is how many points the shader has room for."""

    def __init__(self, body, points, polygons, rays_pass, most):
        self.body, self.rays_pass, self.shapes = body, rays_pass, []
        self.world = Box2D.b2World()
        for i, polygon in enumerate(polygons):
            self.add(Box2D.b2PolygonShape(vertices=[tuple(map(float, v)) for v in polygon]), most + 1 + i)
        for i, (a, b) in enumerate(zip(points, points[1:])):
            self.add(Box2D.b2EdgeShape(vertices=[tuple(map(float, a)), tuple(map(float, b))]), i)
        self.fallen, self.stands = False, [False, False]

    def add(self, shape, piece):
        """The ground's pieces tell their numbers, as the shader has them."""
        fixture = Box2D.b2FixtureDef(shape=shape, friction=FRICTION)
        self.shapes.append(self.world.CreateStaticBody(fixtures=fixture, userData=piece).fixtures[0].shape)

    def stand(self, push):
        """Puts the walker on the pad; the first observation comes after a step without motors."""
        body, half = self.body, self.body.leg_height / 60
        filters = {"categoryBits": 0x20, "maskBits": 1}
        hull_shape = Box2D.b2PolygonShape(vertices=[(x / 30, y / 30) for x, y in body.hull])
        x, y = PAD / 2, GROUND + 4 * half
        fixture = Box2D.b2FixtureDef(shape=hull_shape, density=5.0, friction=0.1, **filters)
        self.hull = self.world.CreateDynamicBody(position=(x, y), fixtures=fixture)
        self.hull.ApplyForceToCenter((push, 0.0), True)
        self.part, self.joint, width = {"hull": self.hull}, {}, body.leg_width / 60
        for pair, (anchor, start) in enumerate(zip(body.anchors, body.starts)):
            for side in (0, 1):
                leg, angle = 2 * pair + side, 0.1 * side - 0.05
                above, joint = self.hull, {"localAnchorA": (anchor, -8 / 30), "lowerAngle": -0.8, "upperAngle": 1.1}
                for depth, (name, bends, share) in enumerate((("upper", "hip", 1.0), ("lower", "knee", 0.8))):
                    shape = Box2D.b2PolygonShape(box=(share * width, half))
                    part = self.world.CreateDynamicBody(
                        position=(x + start, y - (1 + 2 * depth) * half + 8 / 30),
                        angle=angle,
                        fixtures=Box2D.b2FixtureDef(shape=shape, density=1.0, **filters),
                    )
                    made = Box2D.b2RevoluteJointDef(
                        bodyA=above, bodyB=part, localAnchorB=(0, half), enableMotor=True, enableLimit=True, **joint
                    )
                    self.part[name, leg], self.joint[bends, leg] = part, self.world.CreateJoint(made)
                    above, joint = part, {"localAnchorA": (0, -half), "lowerAngle": -1.6, "upperAngle": -0.1}
        self.world.contactListener = self.listener = Listener(self)
        self.shaping = None
        return self.step(np.zeros(4 * len(body.anchors)))[0]

    def ray(self, i):
        hull, hits = self.hull.position, Hits()
        path = 160 / 30 * np.array([math.sin(0.15 * i), -math.cos(0.15 * i)])
        self.world.RayCast(hits, hull, (hull[0] + path[0], hull[1] + path[1]))
        return (max if self.rays_pass else min)(hits.shares, default=1.0)

    def step(self, action):
        legs = range(2 * len(self.body.anchors))
        motors = [(self.joint[bends, leg], speed) for leg in legs for bends, speed in (("hip", 4.0), ("knee", 6.0))]
        for (joint, speed), a in zip(motors, action):
            joint.motorSpeed = float(speed * np.sign(a))
            joint.maxMotorTorque = float(self.body.torque * min(abs(a), 1.0))
        self.world.Step(1.0 / FPS, 180, 60)
        hull = self.hull
        observation = [hull.angle, hull.angularVelocity / 25, 0.12 * hull.linearVelocity[0], 0.08 * hull.linearVelocity[1]]
        for leg in legs:
            hip, knee = self.joint["hip", leg], self.joint["knee", leg]
            stands = leg < 2 and self.stands[leg]
            observation += [hip.angle, hip.speed / 4, knee.angle + 1.0, knee.speed / 6, float(stands)]
        observation += [self.ray(i) for i in range(10)]
        x = hull.position[0]
        shaping = 130 * x / 30 - 5.0 * abs(hull.angle)
        reward = 0.0 if self.shaping is None else shaping - self.shaping
        self.shaping = shaping
        reward -= self.body.penalty * self.body.torque * sum(min(abs(a), 1.0) for a in action)
        lost = self.fallen or x < 0.0
        return np.array(observation), -100.0 if lost else reward, lost or x > 190 * STEP, False, {}


def stump_level(rng, height, spacing):
    """Stumps of teachDeepRL: (line, polygons). Its edge without length at the end of the pad is left out."""
    xs, polygons, x, stump = [0.0], [], PAD, True
    spacing = max(0.01, spacing)
    while x < END:
        xs.append(x)
        if stump:
            top = GROUND + STEP * max(0.05, rng.normal(height, 0.1))
            polygons.append([(x, GROUND), (x + STEP, GROUND), (x + STEP, top), (x, top)])
        x += STEP if stump else spacing
        stump = not stump
    return [(x, GROUND) for x in xs], polygons


class ParametricWalker(Walker):
    """A walker on a level, put somewhere over the track, where it would hardly get by these policies."""

    body, rays_pass, most, has_fast = BIPED, True, 355, False
    origin = f"Box2D {Box2D.__version__}, scene of walkers.py"

    def __init__(self):
        pass

    def bodies(self):
        return [self.raw.part[name] for name in self.body.order[0]]

    def joints(self):
        return [self.raw.joint[name] for name in self.body.order[1]]

    @property
    def pushing(self):
        return tuple(i for i, name in enumerate(self.body.order[0]) if name != "hull")

    def piece(self, fixture):
        return fixture.body.userData

    def step(self, action):
        self.impacts.begin_step()
        return self.raw.step(action)

    def begin(self, params):
        """A new level, as an episode begins."""
        self.params = params
        line, polygons = self.level(self.rng, params)
        self.raw = World(self.body, line, polygons, self.rays_pass, self.most)
        self.track = self.track_words(line, polygons)
        observation = self.raw.stand(self.rng.uniform(-5, 5))
        self.watch()
        return observation, line, polygons

    def reset(self, seed=None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        rng = self.rng
        observation, line, polygons = self.begin(self.task(rng))
        x = rng.uniform(5.0, min(85.0, line[-1][0]))
        if polygons and rng.random() < 0.5:
            x = min(polygons[rng.integers(len(polygons))][0][0] + rng.uniform(-1.5, 1.5), 85.0)
        top = max([GROUND, *(py for points in (line, *polygons) for px, py in points if abs(px - x) < 3.0)])
        lift = top - GROUND + rng.uniform(-0.3, 0.3)
        for body in self.bodies():
            body.position = body.position + (x - PAD / 2, lift)
        self.raw.shaping = 130 * self.raw.hull.position[0] / 30 - 5.0 * abs(self.raw.hull.angle)
        return observation

    def policies(self, rng):
        legs = range(2 * len(self.body.anchors))
        held = [np.zeros(2 * len(legs))]

        def random(t, o):
            return rng.uniform(-1, 1, 2 * len(legs))

        def holding(t, o):
            if t % 7 == 0:
                held[0] = np.clip(rng.normal(0, 1, 2 * len(legs)), -1, 1)
            return held[0]

        def gait(t, o):
            action = []
            for leg in legs:
                hip, hip_speed, knee, knee_speed = o[4 + 5 * leg : 8 + 5 * leg]
                phase = 0.12 * t + math.pi * leg
                action += [3 * (0.5 * math.sin(phase) + 0.1 - hip) - 0.3 * hip_speed]
                action += [3 * (0.6 * math.sin(phase + 1) - 0.9 - knee + 1) - 0.3 * knee_speed]
            return np.clip(action, -1, 1)

        return {"random": random, "holding": holding, "gait": gait}

    def state(self, observation):
        touches = self.touch_words()
        if touches is None:
            return None
        feet = sum(stands << leg for leg, stands in enumerate(self.raw.stands))
        rest = [self.body_words(), self.joint_words(), touches, np.array([feet], np.uint32), words(observation[-10:])]
        return np.concatenate([self.track, *rest])


class StumpWalker(ParametricWalker):
    gym_id, stem, params = "BipedalWalkerStumps-v0", "bipedal_walker_stumps", [1.0, 3.0]
    ground = ["spacing"] + [f"stumps.{i}" for i in range(177)]

    def task(self, rng):
        return [rng.uniform(0, 3), rng.uniform(0, 6) * rng.choice([0.1, 1.0])]

    def level(self, rng, params):
        return stump_level(rng, *params)

    def track_words(self, line, polygons):
        heights = np.zeros(177)
        heights[: len(polygons)] = [p[2][1] - GROUND for p in polygons]
        return words(max(0.01, self.params[1]), heights)


class ShortStumpWalker(StumpWalker):
    gym_id, stem, body = "BipedalWalkerStumpsShort-v0", "bipedal_walker_stumps", SHORT


class QuadrupedStumpWalker(StumpWalker):
    gym_id, stem, body = "QuadrupedalWalkerStumps-v0", "quadrupedal_walker_stumps", QUADRUPED


HEXAGON = [(-0.5, 0.0), (-0.5, 0.25), (-0.25, 0.5), (0.25, 0.5), (0.5, 0.25), (0.5, 0.0)]


def hexagon_level(rng, offsets):
    """Hexagons of teachDeepRL: (line, polygons)."""
    xs, polygons, x, hexagon = [0.0], [], PAD, True
    while x < END:
        xs.append(x)
        if hexagon:
            moved = rng.normal(np.reshape(offsets, (6, 2)), 0.1)
            moved[[0, 5], 1] = 0.0
            polygons.append((x, GROUND) + STEP * (np.array(HEXAGON) + moved))
        x += 1.0 if hexagon else 8.0
        hexagon = not hexagon
    return [(x, GROUND) for x in xs], polygons


class HexagonWalker(ParametricWalker):
    gym_id, stem, most, params = "BipedalWalkerHexagons-v0", "bipedal_walker_hexagons", 21, [0.0] * 12
    ground = [f"hexagons.{i}.{name}" for i in range(10) for name in ["count"] + [f"points.{j}.{k}" for j in range(6) for k in "xy"]]

    def task(self, rng):
        return rng.uniform(0, 4, 12)

    def level(self, rng, params):
        return hexagon_level(rng, params)

    def track_words(self, line, polygons):
        out = []
        for shape in self.raw.shapes[:10]:
            corners = np.zeros((6, 2))
            corners[: len(shape.vertices)] = shape.vertices
            out += [np.array([len(shape.vertices)], np.uint32), words(corners.reshape(-1))]
        return np.concatenate(out)


def eight_level(rng, params):
    """Levels of POET and ACCEL: (line, polygons)."""
    roughness, *bounds, steps = params
    gap, stump, stair = (sorted(bounds[i : i + 2]) for i in (0, 2, 4))
    kinds = [kind for kind, is_there in (("stump", stump[1] >= 0.2), ("stairs", stair[1] >= 0.2), ("pit", gap[1] >= 0.8)) if is_there]
    xs, ys, polygons, kind, begins, left, slope, y = [], [], [], "grass", False, 20, 0.0, GROUND

    def box(x, width, low, high):
        polygons.append([(x, low), (x + width * STEP, low), (x + width * STEP, high), (x, high)])

    for i in range(200):
        x = i * STEP
        if kind == "grass" and not begins:
            slope = 0.8 * slope + 0.01 * np.sign(GROUND - y) + (rng.uniform(-1, 1) / 30 if i > 20 else 0.0)
            y += roughness * slope
        elif kind == "pit" and begins:
            width, level = 1 + rng.uniform(*gap), y
            for at in (0, width):
                box(x + at * STEP, 1, y - 4 * STEP, y)
            left = math.ceil(width) + 2
            end = x + (width + 1) * STEP
        elif kind == "pit":
            y = level - 4 * STEP * (left > 1)
            x = end if left == 1 else x
        elif kind == "stump" and begins:
            box(x, 1, y, y + STEP * rng.uniform(*stump))
        elif kind == "stairs" and begins:
            rise, up, flight, level = rng.uniform(*stair), rng.choice([-1, 1]), int(rng.integers(round(steps))), y
            if rise > 0.01:
                for s in range(flight):
                    box(x + 4 * s * STEP, 4, y + (s * up - 1) * rise * STEP, y + s * up * rise * STEP)
                left = 4 * flight + 1
        elif kind == "stairs":
            y = level + ((4 * flight - left) // 4 * up - (up < 0)) * rise * STEP
        begins = False
        xs.append(x)
        ys.append(y)
        left -= 1
        if left == 0:
            left, begins = int(rng.integers(5, 10)), True
            kind = rng.choice(kinds) if kind == "grass" and kinds else "grass"
    return list(zip(xs, ys)), polygons


class LevelWalker(ParametricWalker):
    gym_id, stem, rays_pass, most, obstacles = "BipedalWalkerLevels-v0", "bipedal_walker_levels", False, 200, 48
    params = [0.6, 0.0, 0.8, 0.0, 0.4, 0.0, 0.4, 1.0]
    ground = [f"heights.{i}" for i in range(200)] + column_fields(48)

    def task(self, rng):
        return rng.uniform(0, [10, 10, 10, 5, 5, 5, 5, 8]) * rng.choice([0.1, 0.5, 1.0]) + [0, 0, 0, 0, 0, 0, 0, 1]

    def level(self, rng, params):
        return eight_level(rng, params)

    def track_words(self, line, polygons):
        boxes, columns = np.zeros((self.obstacles, 4), np.float32), np.zeros(200, np.uint8)
        polygons = [p for p in polygons if p[0][0] < 199.5 * STEP]
        for i, vertices in enumerate(polygons):
            (left, low), (right, high) = vertices[0], vertices[2]
            boxes[i] = left, low, right, high
            columns[int(left / STEP + 1e-6) : math.ceil(right / STEP - 1e-6)] = i + 1
        heights, count = words([y for _, y in line]), np.array([len(polygons)], np.uint32)
        return np.concatenate([heights, boxes.reshape(-1).view(np.uint32), count, columns.view("<u4")])


KINDS = StumpWalker, ShortStumpWalker, QuadrupedStumpWalker, HexagonWalker, LevelWalker
