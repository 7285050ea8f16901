"""Compares returns on the tracks that have parameters with those of the same walkers on Box2D, see `walkers.py`.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_walkers_returns.py [--episodes 300] [id ...]

Three scripted policies over whole episodes with the parameters' defaults, levels drawn by `walkers.py` and by the shader: means
with standard errors, and how many of them they are apart. `check_box2d.py` compares single steps.
"""

import argparse

import numpy as np
import shadergym
from walkers import KINDS

SEED = 5001
NAMES = {kind.gym_id: kind for kind in KINDS}


def make(kind, count, mode):
    return shadergym.make_vec(kind.gym_id, num_envs=count, device="cpu", autoreset_mode=mode)


def returns_of_scene(kind, name, episodes):
    scene, out = kind(), []
    scene.rng = np.random.default_rng(SEED)
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
    # The first episode of each instance; what follows in the same batch is not looked at.
    envs, scene = make(kind, episodes, "SameStep"), kind()
    policies = [scene.policies(np.random.default_rng((SEED, 1, k)))[name] for k in range(episodes)]
    observations, _ = envs.reset(seed=SEED)
    sums, running = np.zeros(episodes), np.ones(episodes, bool)
    for t in range(2000):
        actions = np.stack([scene.act(p(t, o)) for p, o in zip(policies, observations)])
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        sums, running = sums + running * rewards, running & ~(terminated | truncated)
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
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("ids", nargs="*", default=list(NAMES))
    arguments = parser.parse_args()
    for id in arguments.ids:
        compare_returns(NAMES[id], arguments.episodes)
