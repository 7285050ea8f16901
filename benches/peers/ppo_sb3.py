"""PPO of Stable-Baselines3 until CartPole-v1 is solved, or its speed in three columns; prints one JSON line.

    python benches/peers/ppo_sb3.py [--seed 1] [--settings zoo|default] [--until 475] [--steps N] [--threads N]
    python benches/peers/ppo_sb3.py --columns [--env CartPole-v1|Breakout] [--num-envs N] [--seconds 2] [--repeats 5]

Settings: `zoo` is what rl-baselines3-zoo publishes for CartPole-v1, `default` is SB3's own on one environment. Breakout
is MinAtar's, with flat observations and PureJaxRL's settings for MinAtar, through SB3's own vector environment.
Solved: the mean return of the last 100 episodes of training, all 100 of them there, is at least `--until`.
"""

import time

STARTED = time.perf_counter()  # Before the imports, which are part of what a user waits for.

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
from importlib import metadata  # noqa: E402

import gymnasium as gym  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from stable_baselines3 import PPO  # noqa: E402
from stable_baselines3.common.callbacks import BaseCallback  # noqa: E402
from stable_baselines3.common.env_util import make_vec_env  # noqa: E402

EPISODES = 100
# Number of environments, steps of the run, options of PPO.
ZOO = (
    8,
    100_000,
    {
        "n_steps": 32,
        "batch_size": 256,
        "n_epochs": 20,
        "learning_rate": lambda left: 1e-3 * left,
        "clip_range": lambda left: 0.2 * left,
        "gamma": 0.98,
        "gae_lambda": 0.8,
        "ent_coef": 0.0,
    },
)
DEFAULT = (1, 500_000, {})
MINATAR = (
    64,
    10_000_000,
    {
        "n_steps": 128,
        "batch_size": 64 * 128 // 8,
        "n_epochs": 4,
        "learning_rate": lambda left: 5e-3 * left,
        "ent_coef": 0.01,
        "policy_kwargs": {"activation_fn": torch.nn.ReLU},
    },
)


def breakout() -> gym.Env:
    from minatar.gym import BaseEnv

    return gym.wrappers.FlattenObservation(BaseEnv(game="breakout", use_minimal_action_set=True))


class Until(BaseCallback):
    """Ends the training when the last 100 episodes are good enough."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold, self.episodes, self.reached = threshold, 0, False

    def mean_return(self) -> float | None:
        returns = [episode["r"] for episode in self.model.ep_info_buffer]
        return float(np.mean(returns)) if returns else None

    def _on_step(self) -> bool:
        ended = int(np.count_nonzero(self.locals["dones"]))
        if ended:
            self.episodes += ended
            self.reached = self.episodes >= EPISODES and self.mean_return() >= self.threshold
        return not self.reached


def make(args: argparse.Namespace) -> tuple[PPO, int]:
    """The agent with its environments, and the steps of its run."""
    num_envs, steps, options = MINATAR if args.env == "Breakout" else ZOO if args.settings == "zoo" else DEFAULT
    envs = make_vec_env(breakout if args.env == "Breakout" else args.env, args.num_envs or num_envs, seed=args.seed)
    return PPO("MlpPolicy", envs, seed=args.seed, device="cpu", verbose=0, **options), args.steps or steps


def train(args: argparse.Namespace) -> dict:
    model, steps = make(args)
    until = Until(args.until)
    begin = time.perf_counter()
    model.learn(steps, callback=until)
    end = time.perf_counter()
    return {
        "reached": until.reached,
        "steps": model.num_timesteps,
        "seconds_total": end - STARTED,
        "seconds_training": end - begin,
        "mean_return": until.mean_return(),
        "episodes": until.episodes,
    }


def columns(args: argparse.Namespace) -> dict:
    """Environment steps per second: alone, with the policy (SB3's own rollouts), with training."""
    model, _ = make(args)
    envs, random = model.env, np.random.default_rng(args.seed)
    draws = random.integers(0, envs.action_space.n, (256, envs.num_envs))
    _, callback = model._setup_learn(1_000_000_000)
    callback.on_training_start(locals(), globals())
    state = {"turn": 0}

    def environment() -> int:
        for _ in range(16):
            envs.step(draws[state["turn"] % 256])
            state["turn"] += 1
        return 16 * envs.num_envs

    def inference() -> int:
        model.collect_rollouts(envs, callback, model.rollout_buffer, model.n_steps)
        return model.n_steps * envs.num_envs

    def training() -> int:
        steps = inference()
        model.train()
        return steps

    return measure({"environment": environment, "inference": inference, "training": training}, args)


def measure(works: dict, args: argparse.Namespace) -> dict:
    """Calls each for some seconds, in turns; every call says how many steps it made."""
    speeds: dict[str, list[float]] = {name: [] for name in works}
    for repeat in range(args.repeats + 1):  # The first turn warms up.
        for name, work in works.items():
            steps, begin = 0, time.perf_counter()
            while (seconds := time.perf_counter() - begin) < (args.seconds if repeat else 0.1) or not steps:
                steps += work()
            if repeat:
                speeds[name].append(steps / seconds)
    return {"columns": speeds, "medians": {name: statistics.median(values) for name, values in speeds.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", choices=["CartPole-v1", "Breakout"], default="CartPole-v1")
    parser.add_argument("--settings", choices=["zoo", "default"], default="zoo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="length of the run and its schedules; default: as published")
    parser.add_argument("--until", type=float, default=475.0)
    parser.add_argument("--num-envs", type=int, help="default: that of the settings")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; 1 is the fastest for networks this small")
    parser.add_argument("--columns", action="store_true", help="measure throughput instead")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stretch of --columns")
    parser.add_argument("--repeats", type=int, default=5, help="stretches of --columns")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry: the output is always JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    result = {"peer": "sb3", "settings": args.settings, "env": args.env, "seed": args.seed}
    result |= columns(args) if args.columns else train(args)
    cpu = time.process_time()
    versions = {name: metadata.version(name) for name in ("stable-baselines3", "torch", "gymnasium", "numpy")}
    versions["python"] = platform.python_version()
    print(json.dumps(result | {"seconds_cpu": cpu, "threads": args.threads, "versions": versions}))


if __name__ == "__main__":
    main()
