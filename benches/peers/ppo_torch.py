"""PPO as one PyTorch file, after CleanRL's: until CartPole-v1 is solved, or its speed in columns; prints one JSON line.

    python benches/peers/ppo_torch.py [--seed 1] [--env-backend gymnasium|numpy|envpool] [--until 475] [--steps N]
    python benches/peers/ppo_torch.py --columns [--env CartPole-v1|Breakout] [--num-envs N] [--seconds 2] [--repeats 5]

Settings: CleanRL's for classic control; for Breakout (MinAtar's, with flat observations) PureJaxRL's for MinAtar.
Back ends: `gymnasium` is SyncVectorEnv, as CleanRL has it; `numpy` is Gymnasium's own vectorised CartPole; `envpool` is
EnvPool with a thread, since at 4 environments more only wait. All count returns in one NumPy array.
Solved: the mean return of the last 100 episodes of training, all 100 of them there, is at least `--until`.
"""

import time

STARTED = time.perf_counter()  # Before the imports, which are part of what a user waits for.

import argparse  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
from collections import deque  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from importlib import metadata  # noqa: E402

import gymnasium as gym  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from gymnasium.vector import AutoresetMode  # noqa: E402
from torch import nn  # noqa: E402

EPISODES = 100


@dataclass
class Settings:
    num_envs: int = 4
    num_steps: int = 128
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 2.5e-4
    """Of the first update; falls to 0 in a line."""
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    """Of the ratio, and of the change of the value."""
    entropy: float = 0.01
    value: float = 0.5
    max_grad_norm: float = 0.5
    activation: type[nn.Module] = nn.Tanh
    steps: int = 500_000


SETTINGS = {
    "CartPole-v1": Settings(),
    "Breakout": Settings(64, 128, 4, 8, 5e-3, activation=nn.ReLU, steps=10_000_000),
}


def breakout() -> gym.Env:
    from minatar.gym import BaseEnv

    return gym.wrappers.FlattenObservation(BaseEnv(game="breakout", use_minimal_action_set=True))


class Envs:
    """Environments that start anew by themselves, with the returns of their episodes."""

    def __init__(self, env: str, backend: str, num_envs: int, seed: int) -> None:
        self.num_envs, self.seed = num_envs, seed
        # Whether the step after an end only starts the next episode.
        self.next_step = backend == "envpool"
        same_step = {"autoreset_mode": AutoresetMode.SAME_STEP}
        if env == "Breakout":
            if backend != "gymnasium":
                raise SystemExit("MinAtar has the back end gymnasium only")
            self.envs = gym.vector.SyncVectorEnv([breakout] * num_envs, **same_step)
        elif backend == "gymnasium":
            self.envs = gym.make_vec(env, num_envs, "sync", vector_kwargs=same_step)
        elif backend == "numpy":
            self.envs, self.next_step = gym.make_vec(env, num_envs, "vector_entry_point"), True
        else:
            import envpool

            self.envs = envpool.make(env, env_type="gymnasium", num_envs=num_envs, num_threads=1, seed=seed)
        space = getattr(self.envs, "single_action_space", self.envs.action_space)
        self.num_actions = int(space.n)
        self.returns, self.starting = np.zeros(num_envs), np.zeros(num_envs, bool)
        self.last = deque(maxlen=EPISODES)
        self.steps = self.episodes = 0

    def reset(self) -> np.ndarray:
        observation, _ = self.envs.reset() if hasattr(self.envs, "config") else self.envs.reset(seed=self.seed)
        return observation

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        observation, reward, terminated, truncated, _ = self.envs.step(actions)
        ended = terminated | truncated
        self.steps += self.num_envs - int(np.count_nonzero(self.starting))
        self.returns += reward
        if ended.any():
            self.last.extend(self.returns[ended])
            self.episodes += int(np.count_nonzero(ended))
            self.returns[ended] = 0.0
        if self.next_step:
            self.starting = ended
        return observation, reward, ended

    def mean_return(self) -> float | None:
        return float(np.mean(self.last)) if self.last else None


def linear(inputs: int, outputs: int, gain: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def perceptron(inputs: int, outputs: int, gain: float, activation: type[nn.Module]) -> nn.Sequential:
    root = math.sqrt(2.0)
    hidden = [linear(inputs, 64, root), activation(), linear(64, 64, root), activation()]
    return nn.Sequential(*hidden, linear(64, outputs, gain))


class Trainer:
    """The networks, a rollout and an update from it."""

    def __init__(self, envs: Envs, settings: Settings, seed: int) -> None:
        torch.manual_seed(seed)
        self.envs, self.settings, self.order = envs, settings, np.random.default_rng(seed)
        first = envs.reset()
        features = first.reshape(envs.num_envs, -1).shape[1]
        self.actor = perceptron(features, envs.num_actions, 0.01, settings.activation)
        self.critic = perceptron(features, 1, 1.0, settings.activation)
        self.parameters = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=settings.learning_rate, eps=1e-5)
        shape = (settings.num_steps, envs.num_envs)
        self.observations = torch.zeros(*shape, features)
        self.actions = torch.zeros(shape, dtype=torch.int64)
        self.log_probs, self.values, self.rewards = torch.zeros(shape), torch.zeros(shape), torch.zeros(shape)
        # Whether the episode ended before the step.
        self.starts = torch.zeros(shape)
        self.observation, self.start = self.tensor(first), torch.zeros(envs.num_envs)

    def tensor(self, observation: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(observation, dtype=torch.float32).reshape(self.envs.num_envs, -1)

    @torch.no_grad()
    def rollout(self) -> None:
        for t in range(self.settings.num_steps):
            self.observations[t], self.starts[t] = self.observation, self.start
            log_probs = self.actor(self.observation).log_softmax(-1)
            action = torch.multinomial(log_probs.exp(), 1)
            self.actions[t] = action[:, 0]
            self.log_probs[t] = log_probs.gather(1, action)[:, 0]
            self.values[t] = self.critic(self.observation)[:, 0]
            observation, reward, ended = self.envs.step(action[:, 0].numpy())
            self.rewards[t] = torch.as_tensor(reward, dtype=torch.float32)
            self.observation, self.start = self.tensor(observation), torch.as_tensor(ended, dtype=torch.float32)

    @torch.no_grad()
    def advantages(self) -> torch.Tensor:
        advantages, advantage = torch.zeros_like(self.rewards), torch.zeros(self.envs.num_envs)
        value, start = self.critic(self.observation)[:, 0], self.start
        for t in reversed(range(self.settings.num_steps)):
            goes_on = 1.0 - start
            error = self.rewards[t] + self.settings.gamma * value * goes_on - self.values[t]
            advantage = error + self.settings.gamma * self.settings.gae_lambda * goes_on * advantage
            advantages[t], value, start = advantage, self.values[t], self.starts[t]
        return advantages

    def update(self, left: float) -> None:
        """Learns from the rollout; `left` of the run is to come."""
        settings = self.settings
        self.optimizer.param_groups[0]["lr"] = settings.learning_rate * left
        advantages = self.advantages()
        targets = (advantages + self.values).flatten()
        observations, actions = self.observations.flatten(0, 1), self.actions.flatten()
        log_probs, values, advantages = self.log_probs.flatten(), self.values.flatten(), advantages.flatten()
        for _ in range(settings.epochs):
            order = torch.as_tensor(self.order.permutation(len(targets)))
            for rows in order.chunk(settings.minibatches):
                new = self.actor(observations[rows]).log_softmax(-1)
                ratio = (new.gather(1, actions[rows, None])[:, 0] - log_probs[rows]).exp()
                advantage = advantages[rows]
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                clipped = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip)
                policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
                value, target, old = self.critic(observations[rows])[:, 0], targets[rows], values[rows]
                near = old + (value - old).clamp(-settings.clip, settings.clip)
                value_loss = 0.5 * torch.max((value - target) ** 2, (near - target) ** 2).mean()
                entropy = -(new.exp() * new).sum(-1).mean()
                loss = policy_loss + settings.value * value_loss - settings.entropy * entropy
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters, settings.max_grad_norm)
                self.optimizer.step()


def make(args: argparse.Namespace) -> Trainer:
    settings = SETTINGS[args.env]
    settings.num_envs, settings.steps = args.num_envs or settings.num_envs, args.steps or settings.steps
    return Trainer(Envs(args.env, args.env_backend, settings.num_envs, args.seed), settings, args.seed)


def train(args: argparse.Namespace) -> dict:
    trainer = make(args)
    envs, settings = trainer.envs, trainer.settings
    updates, reached = settings.steps // (settings.num_envs * settings.num_steps), False
    begin = time.perf_counter()
    for update in range(updates):
        trainer.rollout()
        reached = len(envs.last) == EPISODES and envs.mean_return() >= args.until
        if reached:
            break
        trainer.update(1.0 - update / updates)
    end = time.perf_counter()
    return {
        "reached": reached,
        "steps": envs.steps,
        "seconds_total": end - STARTED,
        "seconds_training": end - begin,
        "mean_return": envs.mean_return(),
        "episodes": envs.episodes,
    }


def columns(args: argparse.Namespace) -> dict:
    """Environment steps per second: alone, with the policy (rollouts of PPO), with training."""
    trainer = make(args)
    envs, turn = trainer.envs, 0
    draws = np.random.default_rng(args.seed).integers(0, envs.num_actions, (256, envs.num_envs))

    def counted(work) -> int:
        before = envs.steps
        work()
        return envs.steps - before

    def environment() -> None:
        nonlocal turn
        for _ in range(16):
            envs.step(draws[turn % 256])
            turn += 1

    def training() -> None:
        trainer.rollout()
        trainer.update(1.0)

    works = {"environment": environment, "inference": trainer.rollout, "training": training}
    return measure({name: lambda work=work: counted(work) for name, work in works.items()}, args)


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
    parser.add_argument("--env", choices=list(SETTINGS), default="CartPole-v1")
    parser.add_argument("--env-backend", choices=["gymnasium", "numpy", "envpool"], default="gymnasium")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="length of the run and its schedule; default: as published")
    parser.add_argument("--until", type=float, default=475.0)
    parser.add_argument("--num-envs", type=int, help="default: that of the settings")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; 1 is the fastest for networks this small")
    parser.add_argument("--columns", action="store_true", help="measure throughput instead")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stretch of --columns")
    parser.add_argument("--repeats", type=int, default=5, help="stretches of --columns")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry: the output is always JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    result = {"peer": "torch", "settings": "cleanrl", "env": args.env, "backend": args.env_backend, "seed": args.seed}
    result |= columns(args) if args.columns else train(args)
    cpu = time.process_time()
    packages = ["torch", "gymnasium", "numpy"] + ["envpool"] * (args.env_backend == "envpool")
    versions = {name: metadata.version(name) for name in packages} | {"python": platform.python_version()}
    print(json.dumps(result | {"seconds_cpu": cpu, "threads": args.threads, "versions": versions}))


if __name__ == "__main__":
    main()
