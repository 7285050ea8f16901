"""Compares the walkers whose tracks have parameters with Box2D on many more transitions than the golden files hold.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_walkers.py [--rows 10000] [--episodes 300] [id ...]

1. One step from recorded states, differences of positions and of velocities of any body, by the
   number of touching points; flags, lidar, rewards and ends.
2. Returns of three scripted policies over whole episodes with the parameters' defaults, levels drawn by `walkers.py`:
   means with standard errors, and how many of them they are apart.
"""

import argparse

import numpy as np
import shadergym
from walkers import KINDS

SEED = 5001
NAMES = {kind.gym_id: kind for kind in KINDS}


def make(kind, count, mode):
    return shadergym.make_vec(kind.gym_id, num_envs=count, device="cpu", autoreset_mode=mode)


def compare_steps(kind, count):
    rng = np.random.default_rng(SEED)
    scene, rows, left_out = kind(), [], 0
    scene.reset(SEED)
    for k, policy in enumerate(scene.policies(rng).values()):
        played, skipped = scene.play(policy, SEED + k, -(-count // 3))
        rows, left_out = rows + played, left_out + skipped
    envs = make(kind, len(rows), "Disabled")
    envs.reset(seed=0)
    states = np.ascontiguousarray(np.stack([row[0] for row in rows]))
    envs.set_state(states.view(envs.get_state().dtype).reshape(-1))
    observations, rewards, terminated, _, _ = envs.step(np.stack([row[1] for row in rows]))
    after = np.ascontiguousarray(envs.get_state()).view(np.float32).reshape(len(rows), -1)
    expected = np.stack([row[4] for row in rows]).view(np.float32)
    ends, points = np.array([row[3] for row in rows]), np.array([row[6] for row in rows])
    first, bodies = len(scene.fields), len(scene.bodies())
    off = np.abs(after - expected)[:, first : first + 6 * bodies].reshape(len(rows), bodies, 6)
    print(f"{kind.gym_id}: {len(rows)} steps, {left_out} left out, ends that differ: {(terminated != ends).sum()} of {ends.sum()}")
    print("points   rows   position: median 90 % 99 % max         velocity: median 90 % 99 % max")
    groups = [(str(n), points == n) for n in range(4)] + [("4-", points >= 4), ("1-", points >= 1)]
    for name, chosen in groups:
        chosen = chosen & ~ends
        if chosen.sum():
            shown = ["  ".join(f"{np.percentile(off[chosen][:, :, part].max((1, 2)), q):.1e}" for q in (50, 90, 99, 100))
                     for part in (slice(0, 3), slice(3, 6))]
            print(f"{name:>6} {chosen.sum():6d}   {shown[0]}   {shown[1]}")
    wrong = np.abs(observations - np.stack([row[5] for row in rows]))[~ends]
    print("feet that differ:", (wrong[:, [8, 13]] > 0.5).any(1).sum())
    error = np.abs(rewards - np.array([row[2] for row in rows]))
    for what, values in (("lidar", wrong[:, -10:].max(1)), ("reward", error)):
        print(f"{what}: median 99 % max", *(f"{np.percentile(values, q):.1e}" for q in (50, 99, 100)))


def returns_of_scene(kind, name, episodes):
    scene, out = kind(), []
    scene.rng, scene.continuous = np.random.default_rng(SEED), True
    for k in range(episodes):
        policy = scene.policies(np.random.default_rng((SEED, k)))[name]
        observation, _, _ = scene.begin(kind.params)
        out.append(0.0)
        for t in range(2000):
            observation, reward, terminated, _, _ = scene.step(scene.act(policy(t, observation)))
            out[-1] += reward
            if terminated:
                break
    return np.array(out)


def returns_of_shader(kind, name, episodes):
    envs, scene = make(kind, episodes, "Disabled"), kind()
    policies = [scene.policies(np.random.default_rng((SEED, 1, k)))[name] for k in range(episodes)]
    observations, _ = envs.reset(seed=SEED)
    sums, running = np.zeros(episodes), np.ones(episodes, bool)
    for t in range(2000):
        actions = np.stack([scene.act(p(t, o)) for p, o in zip(policies, observations)])
        observations, rewards, terminated, _, _ = envs.step(actions)
        sums, running = sums + running * rewards, running & ~terminated
        if not running.any():
            break
    return sums


def compare_returns(kind, episodes):
    for name in kind().policies(np.random.default_rng(0)):
        a, b = (returns(kind, name, episodes) for returns in (returns_of_scene, returns_of_shader))
        error = np.hypot(a.std(ddof=1), b.std(ddof=1)) / episodes**0.5
        print(f"{kind.gym_id} {name}: Box2D {a.mean():.2f}, shadergym {b.mean():.2f}, {abs(a.mean() - b.mean()) / error:.1f} "
              f"standard errors of {error:.2f} apart; medians {np.median(a):.2f}, {np.median(b):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("ids", nargs="*", default=list(NAMES))
    arguments = parser.parse_args()
    for id in arguments.ids:
        if arguments.rows:
            compare_steps(NAMES[id], arguments.rows)
        if arguments.episodes:
            compare_returns(NAMES[id], arguments.episodes)
