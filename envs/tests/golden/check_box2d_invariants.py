"""Measures what no state of the Box2D environments may violate, over a million steps each, and the same in Box2D itself.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_box2d_invariants.py [id ...] [--steps 1000] [--reference 100000] [--files FOLDER]

1,000 instances play random actions for `--steps` steps each, with the default parameters, all at their lower bounds, all at
their upper ones; Box2D (Gymnasium) plays `--reference` steps. Told are, as Markdown: how far the anchors of a joint are apart and how
far a joint is beyond its limits; how deep bodies reach into the skin of 0.02 m about the ground, of which Box2D leaves 0.005 m alone; the
largest speeds; whether all is finite. Then energy: robots lifted off the ground with all motors off (the lander's springs at rest) must
not gain any in a step.
"""

import argparse
from pathlib import Path

import numpy as np
import shadergym
from box2d import ContinuousLander, HardcoreWalker, Lander, Walker, words
from check_box2d import make

KINDS = {kind.gym_id: kind for kind in (Walker, HardcoreWalker, Lander, ContinuousLander)}
SEED = 6001
SKIN = 0.02


class Robot:
    """Masses, joints and shapes as Box2D has them, in the order of the bodies of a state."""

    def __init__(self, kind):
        scene = kind()
        scene.reset(SEED)
        bodies = scene.bodies()
        self.scene, self.count, self.first = scene, len(bodies), len(scene.ground)
        self.mass = np.array([b.mass for b in bodies])
        self.inertia = np.array([b.massData.I - b.mass * b.localCenter.lengthSquared for b in bodies])
        self.shapes = [np.array(b.fixtures[0].shape.vertices) - tuple(b.localCenter) for b in bodies]
        # Definitions, as the anchors of a world that has made a step are a little apart.
        self.joints = []
        for joint in scene.joints():
            a, b = bodies.index(joint.bodyA), bodies.index(joint.bodyB)
            arms = [np.array(tuple(x.GetLocalPoint(p) - x.localCenter)) for x, p in ((joint.bodyA, joint.anchorA), (joint.bodyB, joint.anchorB))]
            reference = joint.bodyB.angle - joint.bodyA.angle - joint.angle
            self.joints.append((a, b, *arms, reference, joint.lowerLimit, joint.upperLimit))

    def bodies(self, states):
        flat = np.ascontiguousarray(states).view(np.float32).reshape(len(states), -1)
        return flat[:, self.first : self.first + 6 * self.count].reshape(-1, self.count, 6).astype(float)

    def gaps(self, bodies):
        """Distances of anchors and excesses of limits, [n, joints] each."""
        apart, beyond = [], []
        for a, b, arm_a, arm_b, reference, low, high in self.joints:
            first, second = (bodies[:, i, :2] + turned(bodies[:, i, 2], arm) for i, arm in ((a, arm_a), (b, arm_b)))
            apart.append(np.hypot(*(first - second).T))
            angle = bodies[:, b, 2] - bodies[:, a, 2] - reference
            beyond.append(np.maximum(np.maximum(low - angle, angle - high), 0.0))
        return np.stack(apart, 1), np.stack(beyond, 1)

    def depths(self, states, bodies, pushing):
        """How deep each pushing body reaches into the skin of the line of the ground, [n, bodies]; 0 where it does not."""
        flat = np.ascontiguousarray(states).view(np.float32).reshape(len(states), -1)
        heights, step = flat[:, : 11 if self.count == 3 else 200].astype(float), self.scene.ground_step
        out = []
        for i in pushing:
            corners = bodies[:, i, None, :2] + turned(bodies[:, i, 2, None], self.shapes[i])
            left = np.floor(corners[..., 0].min(1) / step).astype(int)
            depth = np.zeros(len(states))
            for k in range(-1, 5):
                edge = np.clip(left + k, 0, heights.shape[1] - 2)
                rows = np.arange(len(states))
                v1 = np.stack([edge * step, heights[rows, edge]], 1)
                v2 = np.stack([(edge + 1) * step, heights[rows, edge + 1]], 1)
                along = (v2 - v1) / np.hypot(*(v2 - v1).T)[:, None]
                up = np.stack([-along[:, 1], along[:, 0]], 1)
                # Only where the middle is above the line, as an edge pushes to the side of the middle.
                above = ((bodies[:, i, :2] - v1) * up).sum(1) > 0.0
                depth = np.maximum(depth, np.where(above, overlap(corners, np.stack([v1, v2], 1), up), 0.0))
            out.append(depth)
        return np.stack(out, 1)

    def energy(self, bodies, gravity):
        speed = 0.5 * self.mass * (bodies[..., 3:5] ** 2).sum(-1) + 0.5 * self.inertia * bodies[..., 5] ** 2
        return (speed + self.mass * gravity * bodies[..., 1]).sum(-1)


def turned(angle, v):
    s, c = np.sin(angle), np.cos(angle)
    return np.stack([c * v[..., 0] - s * v[..., 1], s * v[..., 0] + c * v[..., 1]], -1)


def overlap(corners, edge, up):
    """How far polygons [n, vertices, 2] reach into the skin of edges [n, 2, 2], by the axis that separates them most."""
    least = -((corners - edge[:, :1]) * up[:, None]).sum(-1).min(1)
    sides = np.roll(corners, -1, 1) - corners
    normals = np.stack([sides[..., 1], -sides[..., 0]], -1) / np.hypot(sides[..., 0], sides[..., 1])[..., None]
    for k in range(corners.shape[1]):
        gap = ((edge - corners[:, k : k + 1]) * normals[:, k : k + 1]).sum(-1).min(1)
        least = np.minimum(least, -gap)
    return np.maximum(least + SKIN, 0.0)


class Tally:
    def __init__(self, robot, pushing):
        self.robot, self.pushing, self.rows, self.finite = robot, pushing, [], True

    def add(self, states, observations):
        bodies = self.robot.bodies(states)
        self.finite = self.finite and bool(np.isfinite(bodies).all() and np.isfinite(observations).all())
        apart, beyond = self.robot.gaps(bodies)
        depth = self.robot.depths(states, bodies, self.pushing)
        speed, spin = np.hypot(bodies[..., 3], bodies[..., 4]), np.abs(bodies[..., 5])
        self.rows.append(np.stack([x.max(1) for x in (apart, beyond, depth, speed, spin)], 1).astype(np.float32))

    def show(self, who):
        apart, beyond, depth, speed, spin = np.concatenate(self.rows).T

        def told(values, scale):
            return " / ".join(f"{scale * np.percentile(values, q):.2f}" for q in (99, 99.9, 100))

        print(f"| {who} | {len(apart):,} | {told(apart, 1e3)} | {told(beyond, 1.0)} | {told(depth, 1e3)} | {speed.max():.1f} | "
              f"{spin.max():.1f} | {'yes' if self.finite else 'no'} |", flush=True)


def tally_ours(kind, robot, steps, params, files):
    envs = make(kind, 1000, files, mode="NextStep")
    if params is not None:
        fields = [field["name"] for field in shadergym.spec(kind.gym_id)["params"]["fields"]]
        envs.set_params(None, dict(zip(fields, params.tolist())))
    observations, _ = envs.reset(seed=SEED)
    envs.action_space.seed(SEED)
    tally, blown_up = Tally(robot, kind.pushing), 0
    for _ in range(steps):
        observations, _, _, _, infos = envs.step(envs.action_space.sample())
        blown_up += int(np.sum(infos.get("blown_up", 0)))
        tally.add(envs.get_state(), observations)
    return tally, blown_up


def tally_theirs(kind, robot, steps):
    tally, scene = Tally(robot, kind.pushing), robot.scene
    scene.env.action_space.seed(SEED)
    rows, seen, seed = [], [], SEED
    while len(rows) < steps:
        ground, over = scene.state(scene.reset(seed))[: robot.first], False
        # Nobody asks for impacts here.
        scene.raw.world.contactListener, seed = scene.impacts.inner, None
        while not over:
            observation, _, terminated, truncated, _ = scene.env.step(scene.env.action_space.sample())
            rows.append(np.concatenate([ground, scene.body_words()]))
            seen.append(observation)
            over = terminated or truncated
    for i in range(0, len(rows), 1000):
        tally.add(np.stack(rows[i : i + 1000]), np.stack(seen[i : i + 1000]))
    return tally


def lifted(kind, robot, count, rng):
    """States of play, 20 m up and turning, and what Box2D makes of them in 50 steps of free motion without motors."""
    scene, rows = robot.scene, []
    for i in range(count):
        observation = scene.reset(int(rng.integers(1 << 31)))
        still = 0 if kind.stem.startswith("lunar_lander") and "continuous" not in kind.stem else np.zeros(4 if robot.count == 5 else 2)
        for _ in range(10):
            observation, *_ = scene.env.step(still)
        for body in scene.bodies():
            body.position = body.position + (0.0, 20.0)
        track = []
        for t in range(51):
            track.append(scene.state(observation))
            observation, *_ = scene.env.step(still)
        rows.append(np.stack(track))
    return np.stack(rows), still


def energies(kind, robot, files):
    rng = np.random.default_rng(SEED)
    tracks, still = lifted(kind, robot, 20, rng)
    theirs = np.stack([robot.energy(robot.bodies(track), 10.0) for track in tracks])
    # The same states with more motion of their own: each body's speeds as if the robot were rigid.
    states = np.repeat(tracks[:, 0], 50, 0)
    bodies = robot.bodies(states)
    spin, drift = rng.uniform(-3.0, 3.0, len(states)), rng.uniform(-3.0, 3.0, (len(states), 2))
    middle = (bodies[:, :, :2] * robot.mass[:, None]).sum(1) / robot.mass.sum()
    arm = bodies[:, :, :2] - middle[:, None]
    bodies[:, :, 3:5] = drift[:, None] + spin[:, None, None] * np.stack([-arm[..., 1], arm[..., 0]], -1)
    bodies[:, :, 5] = spin[:, None]
    states[:, robot.first : robot.first + 6 * robot.count] = words(bodies.reshape(-1)).reshape(len(states), -1)
    envs = make(kind, len(states), files, mode="Disabled")
    envs.reset(seed=0)
    envs.set_state(np.ascontiguousarray(states).view(envs.get_state().dtype).reshape(-1))
    ours, action = [robot.energy(bodies, 10.0)], np.tile(still, (len(states), 1)) if np.ndim(still) else np.zeros(len(states), int)
    for _ in range(50):
        if np.any(envs.step(action.astype(np.float32) if np.ndim(still) else action)[2]):
            break
        ours.append(robot.energy(robot.bodies(envs.get_state()), 10.0))
    ours = np.stack(ours, 1)
    for who, energy in (("Box2D", theirs), ("ours, turning and drifting", ours)):
        change = np.diff(energy, axis=1)
        print(f"| {kind.gym_id} | {who} | {change.size:,} | {change.max():+.4f} | {np.median(change):+.4f} | {energy.mean():.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--reference", type=int, default=100_000)
    parser.add_argument("--files", type=Path)
    parser.add_argument("ids", nargs="*", default=list(KINDS))
    arguments = parser.parse_args()
    robots = {id: Robot(KINDS[id]) for id in arguments.ids}
    for id in arguments.ids:
        kind, robot = KINDS[id], robots[id]
        low, high = np.array(shadergym.spec(id)["params_bounds"], np.uint32).view(np.float32)
        print(f"\n**{id}** (99 %, 99.9 % and largest of the worst body or joint of a state)\n")
        print("| parameters | states | anchors apart, mm | beyond limits, rad | depth in the skin, mm | m/s | rad/s | finite |\n|---|--:|--:|--:|--:|--:|--:|---|")
        sets = (("default", None), ("all at lower bounds", low), ("all at upper bounds", high))
        for name, params in sets if arguments.steps else ():
            tally, blown_up = tally_ours(kind, robot, arguments.steps, params, arguments.files)
            tally.show(f"{name}, {blown_up} blown up")
        tally_theirs(kind, robot, arguments.reference).show("Box2D, default")
    print("\n| id | program | steps of free motion | largest gain of energy in a step, J | median | mean energy, J |\n|---|---|--:|--:|--:|--:|")
    for id in arguments.ids:
        energies(KINDS[id], robots[id], arguments.files)
