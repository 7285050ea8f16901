"""Free flight, a box that falls and rests on a flat edge, and a chain of joints, against Box2D, step after step.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_box2d_scenes.py [file.wgsl]

50 starts of 50 steps each; states are put in at the start only. Fails where a body is further off than `TOLERANCE` in the
first ten steps, or half of a scene's bodies are at the end: later a joint now and then meets its limit a step apart.
"""

import sys
from pathlib import Path

import Box2D
import numpy as np
import shadergym

TOLERANCE = 1e-4
STARTS, STEPS = 50, 50
NAMES = ["box on a flat edge", "chain of three links", "chain of three links", "chain of three links", "free flight"]


def world_of(place, angle, velocity, spin, links):
    """The scene of `box2d_scenes.wgsl`, its bodies in the same order."""
    world = Box2D.b2World(gravity=(0, -10))
    world.CreateStaticBody().CreateEdgeFixture(vertices=[(0, 1), (40, 1)], friction=0.3)
    box = world.CreateDynamicBody(position=place[0], angle=angle[0], linearVelocity=velocity[0], angularVelocity=spin[0])
    box.CreatePolygonFixture(box=(0.4, 0.25), density=1.0, friction=0.3)
    chain = []
    for i in (3, 2, 1):
        body = world.CreateDynamicBody(position=place[i], angle=0.0, linearVelocity=velocity[i], angularVelocity=spin[i])
        body.CreatePolygonFixture(box=(0.3, 0.1), density=1.0, filter=Box2D.b2Filter(maskBits=0))
        chain.append(body)
    for (a, b), (low, high, speed) in zip(((0, 1), (1, 2)), links):
        world.CreateRevoluteJoint(
            bodyA=chain[a], bodyB=chain[b], localAnchorA=(0.3, 0), localAnchorB=(-0.3, 0), enableLimit=True, lowerAngle=low,
            upperAngle=high, enableMotor=True, motorSpeed=speed, maxMotorTorque=0.05,
        )
    free = world.CreateDynamicBody(position=place[4], angle=angle[4], linearVelocity=velocity[4], angularVelocity=spin[4])
    free.CreatePolygonFixture(box=(0.3, 0.1), density=1.0, filter=Box2D.b2Filter(maskBits=0))
    return world, [box, *chain[::-1], free]


def main(file):
    rng = np.random.default_rng(1)
    envs = shadergym.ShaderVectorEnv(wgsl=str(file), num_envs=STARTS, device="cpu", autoreset_mode="Disabled")
    envs.reset(seed=0)
    states = np.zeros((STARTS, 2 + 30 + 8 + 5), np.float32)
    worlds = []
    for i in range(STARTS):
        place = np.array([(20.0, rng.uniform(1.5, 2.0)), (16.2, 90.0), (15.6, 90.0), (15.0, 90.0), (5.0, 90.0)])
        angle = np.array([0.0 if i % 2 else rng.uniform(-0.5, 0.5), 0.0, 0.0, 0.0, rng.uniform(-3, 3)])
        velocity, spin = rng.uniform(-2, 2, (5, 2)), rng.uniform(-3, 3, 5)
        velocity[0], spin[0] = (rng.uniform(-1, 1), 0.0), 0.0
        # Single precision on both sides.
        place, angle, velocity, spin = (x.astype(np.float32).astype(float) for x in (place, angle, velocity, spin))
        worlds.append(world_of(place, angle, velocity, spin, [(-0.5, 0.8, 2.0), (-1.0, 0.2, -3.0)]))
        states[i, :2] = 1.0
        states[i, 2:32] = np.concatenate([place, angle[:, None], velocity, spin[:, None]], 1).reshape(-1)
    envs.set_state(states.view(envs.get_state().dtype).reshape(-1))
    off = np.zeros((STEPS, STARTS, 5))
    for t in range(STEPS):
        envs.step(np.zeros(STARTS, int))
        ours = np.ascontiguousarray(envs.get_state()).view(np.float32).reshape(STARTS, -1)[:, 2:32].reshape(STARTS, 5, 6)
        for i, (world, bodies) in enumerate(worlds):
            world.Step(0.02, 180, 60)
            theirs = [[*b.worldCenter, b.angle, *b.linearVelocity, b.angularVelocity] for b in bodies]
            off[t, i] = np.abs(ours[i] - np.array(theirs)).max(1)
    print("| scene | largest difference after 1 step | after 10 | after 50 | median after 50 |\n|---|--:|--:|--:|--:|")
    for name in dict.fromkeys(NAMES):
        chosen = off[:, :, [i for i, n in enumerate(NAMES) if n == name]]
        print(f"| {name} | {chosen[0].max():.1e} | {chosen[:10].max():.1e} | {chosen.max():.1e} | {np.median(chosen[-1]):.1e} |")
    ends = [np.median(off[-1][:, [i for i, n in enumerate(NAMES) if n == name]]) for name in NAMES]
    return int(max(off[:10].max(), *ends) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("box2d_scenes.wgsl")))
