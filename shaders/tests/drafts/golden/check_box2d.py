"""Compares the Box2D environments with Gymnasium's on many more transitions than the golden files hold, and their returns.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_box2d.py [--rows 10000] [--episodes 1000] [id ...]

1. One step from recorded states (continuous collision off), largest difference of positions and of velocities of any body,
   by the number of touching points; flags, rewards and ends.
2. Returns of three scripted policies over whole episodes, Gymnasium as it comes (continuous collision on): means with
   standard errors, and how many of them they are apart.
"""

import argparse

import gymnasium
import numpy as np
import shadergym
from box2d import ContinuousLander, HardcoreWalker, Lander, Walker, play

KINDS = {kind.gym_id: kind for kind in (Walker, HardcoreWalker, Lander, ContinuousLander)}
SEED = 5001


def make(id, count, mode):
    return shadergym.make_vec(id, num_envs=count, device="cpu", autoreset_mode=mode)


def compare_steps(kind, count):
    rng = np.random.default_rng(SEED)
    scene, rows, left_out = kind(), [], 0
    scene.reset(SEED)
    for policy in scene.policies(rng).values():
        played, skipped = play(scene, policy, SEED, -(-count // 3), rng)
        rows, left_out = rows + played, left_out + skipped
    envs = make(kind.gym_id, len(rows), "Disabled")
    envs.reset(seed=0)
    dtype = envs.get_state().dtype
    states = np.ascontiguousarray(np.stack([row[0] for row in rows]))
    envs.set_state(states.view(dtype).reshape(-1))
    observations, rewards, terminated, _, _ = envs.step(np.stack([row[1] for row in rows]))
    after = np.ascontiguousarray(envs.get_state()).view(np.float32).reshape(len(rows), -1)
    expected = np.stack([row[4] for row in rows]).view(np.float32)
    ends = np.array([row[3] for row in rows])
    points = np.array([row[6] for row in rows])
    first = {Walker: 200, HardcoreWalker: 411}.get(kind, 11)
    bodies = len(scene.bodies())
    off = np.abs(after - expected)[:, first : first + 6 * bodies].reshape(len(rows), bodies, 6)
    print(f"{kind.gym_id}: {len(rows)} steps, {left_out} left out, ends that differ: {(terminated != ends).sum()} of {ends.sum()}")
    print("points   rows   position: median 90 % 99 % max         velocity: median 90 % 99 % max")
    for n in range(points.max() + 1):
        chosen = (points == n) & ~ends
        if chosen.sum():
            shown = ["  ".join(f"{np.percentile(off[chosen][:, :, part].max((1, 2)), q):.1e}" for q in (50, 90, 99, 100))
                     for part in (slice(0, 3), slice(3, 6))]
            print(f"{n:6d} {chosen.sum():6d}   {shown[0]}   {shown[1]}")
    flags = [8, 13] if issubclass(kind, Walker) else [6, 7]
    seen = np.stack([row[5] for row in rows])
    print("feet that differ:", (np.abs(observations - seen)[~ends][:, flags] > 0.5).any(1).sum())
    error = np.abs(rewards - np.array([row[2] for row in rows]))
    print("reward: median 99 % max", *(f"{np.percentile(error, q):.1e}" for q in (50, 99, 100)))


def returns(make, kind, name, episodes):
    """Returns of whole episodes of `num_envs` environments side by side, the first `episodes` to begin."""
    envs = make(kind.gym_id, min(episodes, 250))
    quota = -(-episodes // envs.num_envs)
    rng = np.random.default_rng(SEED)
    scene = kind()
    policies = [scene.policies(np.random.default_rng(rng.integers(1 << 31)))[name] for _ in range(envs.num_envs)]
    observations, _ = envs.reset(seed=SEED)
    sums, clock = np.zeros(envs.num_envs), np.zeros(envs.num_envs, int)
    done = [[] for _ in policies]
    while min(map(len, done)) < quota:
        actions = np.stack([scene.act(p(t, o)) for p, t, o in zip(policies, clock, observations)])
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        sums, clock = sums + rewards, clock + 1
        for i in np.flatnonzero(terminated | truncated):
            done[i].append(sums[i])
            sums[i], clock[i] = 0.0, 0
    return np.concatenate([d[:quota] for d in done])


def compare_returns(kind, episodes):
    same_step = {"autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP}

    def theirs(id, n):
        return gymnasium.make_vec(id, n, vectorization_mode="sync", vector_kwargs=same_step)

    def ours(id, n):
        return make(id, n, "SameStep")

    for name in kind().policies(np.random.default_rng(0)):
        a, b = (returns(make, kind, name, episodes) for make in (theirs, ours))
        error = np.hypot(a.std(ddof=1) / len(a) ** 0.5, b.std(ddof=1) / len(b) ** 0.5)
        print(f"{kind.gym_id} {name}: gymnasium {a.mean():.2f}, shadergym {b.mean():.2f}, {abs(a.mean() - b.mean()) / error:.1f} standard errors "
              f"of {error:.2f} apart; medians {np.median(a):.2f}, {np.median(b):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("ids", nargs="*", default=list(KINDS))
    arguments = parser.parse_args()
    for id in arguments.ids:
        if arguments.rows:
            compare_steps(KINDS[id], arguments.rows)
        if arguments.episodes:
            compare_returns(KINDS[id], arguments.episodes)
