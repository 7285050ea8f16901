"""Compares one step of the Box2D environments with Gymnasium's, from many more recorded states than the golden files hold.

    pip install "gymnasium[box2d]==1.4.*" numpy shadergym
    python check_box2d.py [--rows 10000] [--files FOLDER] [id ...]

Prints Markdown: the largest difference of any body's velocity (m/s, rad/s) by the number of touching points, from states
that hold all that Box2D carries over; with the reference's rounds of the solver and, where there is a variant, with a sixth of
them. Flags, rewards and ends, and what the lidar tells, too. States are played by three scripted policies each. `--files` has environments as files, `<stem>.wgsl`.
"""

import argparse
from pathlib import Path

import numpy as np
import shadergym
import walkers
from box2d import ContinuousLander, HardcoreWalker, Lander, Walker, WindyLander, play

KINDS = {kind.label(): kind for kind in (Walker, HardcoreWalker, Lander, ContinuousLander, WindyLander, *walkers.KINDS)}
SEED = 5001


def make(kind, count, files, fast=False, mode="Disabled"):
    name, _ = kind.gym_id.split("-")
    id = f"{name}Fast-v0" if fast else kind.gym_id
    options = {"num_envs": count, "device": "cpu", "autoreset_mode": mode}
    if files is None:
        return shadergym.make_vec(id, **options)
    return shadergym.ShaderVectorEnv(wgsl=f"{files}/{kind.stem}.wgsl#{id}", **options)


def record(kind, count):
    rng = np.random.default_rng(SEED)
    scene, rows, left_out = kind(), [], 0
    scene.reset(SEED)
    for k, policy in enumerate(scene.policies(rng).values()):
        played, skipped = play(scene, policy, SEED + k, -(-count // 3))
        rows, left_out = rows + played, left_out + skipped
    return scene, rows, left_out


def step(envs, kind, rows):
    if kind.options:
        # The others keep what their parameters came to in the state.
        fields = [field["name"] for field in shadergym.spec(kind.gym_id)["params"]["fields"]]
        envs.set_params(None, dict(zip(fields, kind.params)))
    envs.reset(seed=0)
    states = np.ascontiguousarray(np.stack([row[0] for row in rows]))
    envs.set_state(states.view(envs.get_state().dtype).reshape(-1))
    observations, rewards, terminated, _, _ = envs.step(np.stack([row[1] for row in rows]))
    after = np.ascontiguousarray(envs.get_state()).view(np.float32).reshape(len(rows), -1)
    return observations, rewards, terminated, after


def show(values, *percents):
    return " | ".join(f"{np.percentile(values, q):.1e}" for q in percents)


def compare(kind, count, files):
    scene, rows, left_out = record(kind, count)
    expected = np.stack([row[4] for row in rows]).view(np.float32)
    ends = np.array([row[3] for row in rows])
    points = np.minimum(np.array([row[6] for row in rows]), 5)
    impacts = np.array([row[8] for row in rows])
    bodies, first = len(scene.bodies()), len(scene.ground)
    flags = [8, 13] if issubclass(kind, Walker) else [6, 7]
    seen = np.stack([row[5] for row in rows])
    print(f"\n**{kind.label()}**: {len(rows)} steps, {left_out} left out\n")
    print("| rounds | points | steps | median | 90 % | 99 % | largest | position, 99 % |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    told = []
    for fast in (False, True)[: 1 + kind.has_fast]:
        observations, rewards, terminated, after = step(make(kind, len(rows), files, fast), kind, rows)
        off = np.abs(after - expected)[:, first : first + 6 * bodies].reshape(len(rows), bodies, 6)
        velocity, position = off[:, :, 3:].max((1, 2)), off[:, :, :3].max((1, 2))
        name = "a sixth" if fast else "all"
        groups = [(str(n) if n < 5 else "5 or more", (points == n) & ~impacts & ~ends) for n in range(6)]
        groups += [("any, with an impact", impacts & ~ends), ("any", ~ends)]
        for label, chosen in groups:
            if chosen.any():
                shown = show(velocity[chosen], 50, 90, 99, 100)
                print(f"| {name} | {label} | {chosen.sum()} | {shown} | {show(position[chosen], 99)} |")
        feet = (np.abs(observations - seen)[~ends][:, flags] > 0.5).any(1).sum()
        error = np.abs(rewards - np.array([row[2] for row in rows]))
        told.append(f"{name}: ends that differ {(terminated != ends).sum()} of {ends.sum()}, flags of feet {feet}, reward "
                    f"off by (median, 99 %, most) {show(error, 50, 99, 100)}".replace(" | ", ", "))
        if issubclass(kind, Walker):
            lidar = np.abs(observations - seen)[~ends][:, -10:].max(1)
            told[-1] += f", lidar {show(lidar, 50, 99, 100)}".replace(" | ", ", ")
    print("\n" + "; ".join(told) + ".", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--files", type=Path)
    parser.add_argument("ids", nargs="*", default=list(KINDS))
    arguments = parser.parse_args()
    for title in arguments.ids:
        compare(KINDS[title], arguments.rows, arguments.files)
