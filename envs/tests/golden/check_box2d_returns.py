"""Compares returns and lengths of whole episodes of the Box2D environments under scripted policies with other programs'.

    pip install "gymnasium[box2d]==1.4.*" "envpool==1.2.7" numpy scipy shadergym
    python check_box2d_returns.py [id ...] [--episodes 1000] [--keep FOLDER] [--files FOLDER]
        [--programs gymnasium envpool ours fast]

Programs: Gymnasium and EnvPool as they come (Box2D with continuous collision), `gymnasium-discrete` without it, these
environments with the reference's rounds (`ours`) and with a sixth of them (`fast`). Every instance plays the same number of
episodes, so short ones are not preferred. Tables are Markdown: means, how many standard errors they are off the first
program's, the same of lengths, and the p-value of a Kolmogorov-Smirnov test of returns. With `--ranges 1000`, what observations range over in random
play instead. With `--keep`, episodes are kept in
a folder and not played again. `--files` has these environments as files, `<stem>.wgsl`.
"""

import argparse
import re
from pathlib import Path

import gymnasium
import numpy as np
from box2d_policies import policies
from scipy.stats import ks_2samp

IDS = ["BipedalWalker-v3", "BipedalWalkerHardcore-v3", "LunarLander-v3", "LunarLanderContinuous-v3"]
PROGRAMS = ["gymnasium", "envpool", "ours", "fast"]
SEED = 5001


class Gymnasium:
    """Environments in this process, one after the other; they start anew in the step that ends an episode."""

    def __init__(self, id, count, continuous=True):
        self.envs, self.continuous = [gymnasium.make(id) for _ in range(count)], continuous

    def start(self, env, seed=None):
        observation, _ = env.reset(seed=seed)
        env.unwrapped.world.continuousPhysics = self.continuous
        return observation

    def reset(self):
        return np.stack([self.start(env, SEED + i) for i, env in enumerate(self.envs)])

    def step(self, actions):
        rows = [env.step(action) for env, action in zip(self.envs, actions)]
        observations, rewards, terminated, truncated, _ = map(np.array, zip(*rows))
        for i in np.flatnonzero(terminated | truncated):
            observations[i] = self.start(self.envs[i])
        return observations, rewards, terminated, truncated, np.ones(len(rows), bool)


class NextStep:
    """Vector environments that start anew in the step behind an end, whose action and reward do not count."""

    def __init__(self, envs, count, **seed):
        self.envs, self.ended, self.seed = envs, np.zeros(count, bool), seed

    def reset(self):
        return self.envs.reset(**self.seed)[0]

    def step(self, actions):
        counts = ~self.ended
        observations, rewards, terminated, truncated, _ = self.envs.step(actions)
        self.ended = (terminated | truncated) & counts
        return observations, rewards, terminated & counts, truncated & counts, counts


def make(program, id, count, files):
    if program.startswith("gymnasium"):
        return Gymnasium(id, count, program == "gymnasium")
    if program == "envpool":
        import envpool

        envs = envpool.make_gymnasium(id, num_envs=count, num_threads=1, seed=SEED)
        return NextStep(envs, count)
    import shadergym

    options = {"num_envs": count, "device": "cpu", "autoreset_mode": "NextStep"}
    fast = id.split("-")[0] + "Fast-v0"
    if files is None:
        envs = shadergym.make_vec(fast if program == "fast" else id, **options)
    else:
        stem = re.sub("(?<!^)([A-Z])", r"_\1", id.split("-")[0]).lower()
        envs = shadergym.ShaderVectorEnv(wgsl=f"{files}/{stem}.wgsl" + (f"#{fast}" if program == "fast" else ""), **options)
    return NextStep(envs, count, seed=SEED)


def play(program, id, name, episodes, files):
    """[episodes, 4]: return, length, terminated, last reward."""
    count = min(episodes, 250 if program.startswith("gymnasium") else 1000)
    quota = -(-episodes // count)
    envs = make(program, id, count, files)
    rng = np.random.default_rng([SEED, (*PROGRAMS, "gymnasium-discrete").index(program)])
    policy = policies(id, count, rng)[name]
    kind = np.int32 if id == "LunarLander-v3" else np.float32
    observations = envs.reset()
    sums, clock, done = np.zeros(count), np.zeros(count, int), [[] for _ in range(count)]
    while min(map(len, done)) < quota:
        actions = policy(clock, observations).astype(kind)
        if program.startswith("gymnasium") and kind == np.int32:
            actions = actions.astype(np.int64)
        observations, rewards, terminated, truncated, counts = envs.step(actions)
        sums += np.where(counts, rewards, 0.0)
        # The step that starts anew leaves an episode's clock at 0.
        clock += counts
        clock[~counts] = 0
        for i in np.flatnonzero(terminated | truncated):
            done[i].append((sums[i], clock[i], terminated[i], rewards[i]))
            sums[i] = clock[i] = 0
    return np.array([row for rows in done for row in rows[:quota]])


def episodes_of(program, id, name, episodes, keep, files):
    path = keep and keep / f"{program}.{id}.{name}.{episodes}.npy"
    if path and path.exists():
        return np.load(path)
    rows = play(program, id, name, episodes, files)
    if path:
        np.save(path, rows)
    return rows


def off(a, b):
    """How many standard errors two means are apart."""
    error = np.hypot(a.std(ddof=1) / len(a) ** 0.5, b.std(ddof=1) / len(b) ** 0.5)
    return (b.mean() - a.mean()) / error if error else 0.0


def compare(id, programs, episodes, keep, files):
    print(f"\n**{id}**\n")
    print("| policy | program | return | off, standard errors | KS p | length | off | ends by -100 | truncated |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in policies(id, 1, np.random.default_rng(0)):
        first = None
        for program in programs:
            rows = episodes_of(program, id, name, episodes, keep, files)
            returns, lengths, terminated, last = rows.T
            first = rows if first is None else first
            same = first is rows
            compared = [""] * 3 if same else [
                f"{off(first[:, 0], returns):+.1f}", f"{ks_2samp(first[:, 0], returns).pvalue:.3f}", f"{off(first[:, 1], lengths):+.1f}",
            ]
            spread = f"{returns.mean():.2f} ± {returns.std(ddof=1) / len(rows) ** 0.5:.2f}"
            print(f"| {name} | {program} | {spread} | {compared[0]} | {compared[1]} | {lengths.mean():.1f} | {compared[2]} | "
                  f"{100 * (last <= -100).mean():.1f} % | {100 * (terminated == 0).mean():.1f} % |", flush=True)


def ranges(id, programs, steps, files):
    """What observations range over in random play, by the place in the observation."""
    told = {}
    for program in programs:
        envs, seen = make(program, id, 200, files), []
        policy = policies(id, 200, np.random.default_rng(SEED))["random"]
        observations = envs.reset()
        for _ in range(steps):
            actions = policy(None, observations).astype(np.int32 if id == "LunarLander-v3" else np.float32)
            observations, _, _, _, counts = envs.step(actions)
            seen.append(observations[counts])
        told[program] = np.percentile(np.concatenate(seen), (0, 1, 99, 100), axis=0).T
    print(f"\n**{id}**: least, 1 %, 99 %, largest\n")
    print(f"| number | {' | '.join(programs)} |\n|--:|{'---|' * len(programs)}")
    for i in range(len(told[programs[0]])):
        cells = (", ".join(f"{v:.3g}" for v in told[program][i]) for program in programs)
        print(f"| {i} | {' | '.join(cells)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--programs", nargs="+", default=PROGRAMS, choices=[*PROGRAMS, "gymnasium-discrete"])
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--files", type=Path)
    parser.add_argument("--ranges", type=int, default=0, help="steps of 200 instances; instead of returns")
    parser.add_argument("ids", nargs="*", default=IDS)
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    for id in arguments.ids or IDS:
        if arguments.ranges:
            ranges(id, arguments.programs, arguments.ranges, arguments.files)
            continue
        compare(id, arguments.programs, arguments.episodes, arguments.keep, arguments.files)
