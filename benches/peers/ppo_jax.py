"""PPO compiled as a whole by JAX, after PureJaxRL's: until CartPole-v1 is solved, or its speed; prints one JSON line.

    python benches/peers/ppo_jax.py [--seed 1] [--until 475] [--steps N] [--chunk 10]
    python benches/peers/ppo_jax.py --columns [--env CartPole-v1|Breakout] [--num-envs N] [--seconds 2] [--repeats 5]

Environments (gymnax), rollouts and updates are one compiled program of `--chunk` updates; between two calls of it the
host looks at the returns, since a program cannot end early by itself. Settings: PureJaxRL's for CartPole and MinAtar.
Compiling counts as training, and is given apart as well. Nothing is read from a cache of compiled programs.
Solved: the mean return of the last 100 episodes of training, all 100 of them there, is at least `--until`.
"""

import time

STARTED = time.perf_counter()  # Before the imports, which are part of what a user waits for.

import argparse  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
from collections import deque  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from importlib import metadata  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

import gymnax  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

EPISODES = 100


@dataclass
class Settings:
    env: str = "CartPole-v1"
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
    activation: Callable = jnp.tanh
    steps: int = 500_000
    network: str = "mlp"
    """conv: MinAtar's, one convolution of 16 kernels of 3 x 3 and a layer of 128 units that both heads share."""


SETTINGS = {
    "CartPole-v1": Settings(),
    "Breakout": Settings("Breakout-MinAtar", 64, 128, 4, 8, 5e-3, activation=jax.nn.relu, steps=10_000_000),
}


class Step(NamedTuple):
    observation: Any
    action: Any
    log_prob: Any
    value: Any
    reward: Any
    ended: Any
    episode_return: Any
    """Of the episode up to here."""


class Runner(NamedTuple):
    """All that changes."""

    parameters: Any
    optimizer: Any
    envs: Any
    observation: Any
    returns: Any
    key: Any


class Trainer:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.updates = settings.steps // (settings.num_envs * settings.num_steps)
        self.env, self.env_parameters = gymnax.make(settings.env)
        self.reset_all = jax.vmap(self.env.reset, (0, None))
        self.step_all = jax.vmap(self.env.step, (0, 0, 0, None))
        self.optimizer = optax.chain(
            optax.clip_by_global_norm(settings.max_grad_norm), optax.adam(self.learning_rate, eps=1e-5)
        )

    def learning_rate(self, count: jax.Array) -> jax.Array:
        update = count // (self.settings.epochs * self.settings.minibatches)
        return self.settings.learning_rate * (1.0 - update / self.updates)

    def start(self, key: jax.Array) -> Runner:
        key, reset, *layers = jax.random.split(key, 10)
        observation, envs = self.reset_all(jax.random.split(reset, self.settings.num_envs), self.env_parameters)
        features = observation[0].size
        root = 2.0**0.5

        def linear(key: jax.Array, inputs: int, outputs: int, gain: float) -> tuple[jax.Array, jax.Array]:
            return jax.nn.initializers.orthogonal(gain)(key, (inputs, outputs)), jnp.zeros(outputs)

        def perceptron(keys: list, outputs: int, gain: float) -> list:
            sizes = [(features, 64, root), (64, 64, root), (64, outputs, gain)]
            return [linear(key, *size) for key, size in zip(keys, sizes, strict=True)]

        if self.settings.network == "conv":
            height, width, channels = observation[0].shape
            kernel = jax.nn.initializers.orthogonal(root)(layers[0], (9 * channels, 16)).reshape(3, 3, channels, 16)
            parameters = {
                "convolution": (kernel, jnp.zeros(16)),
                "trunk": linear(layers[1], (height - 2) * (width - 2) * 16, 128, root),
                "actor": [linear(layers[2], 128, self.env.num_actions, 0.01)],
                "critic": [linear(layers[3], 128, 1, 1.0)],
            }
        else:
            parameters = {
                "actor": perceptron(layers[:3], self.env.num_actions, 0.01),
                "critic": perceptron(layers[3:6], 1, 1.0),
            }
        returns = jnp.zeros(self.settings.num_envs)
        return Runner(parameters, self.optimizer.init(parameters), envs, observation, returns, key)

    def apply(self, layers: list, observation: jax.Array) -> jax.Array:
        x = observation
        for weight, bias in layers[:-1]:
            x = self.settings.activation(x @ weight + bias)
        weight, bias = layers[-1]
        return x @ weight + bias

    def heads(self, parameters: dict, observation: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Logits and values."""
        x = observation
        if "trunk" in parameters:
            (kernel, offset), (weight, bias) = parameters["convolution"], parameters["trunk"]
            layout = ("NHWC", "HWIO", "NHWC")
            planes = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layout) + offset
            x = self.settings.activation(planes).reshape(len(x), -1)
            x = self.settings.activation(x @ weight + bias)
        return self.apply(parameters["actor"], x), self.apply(parameters["critic"], x)[:, 0]

    def seen(self, observation: jax.Array) -> jax.Array:
        """As the network reads it: planes, or one row for each environment."""
        if self.settings.network == "conv":
            return observation.astype(jnp.float32)
        return observation.reshape(self.settings.num_envs, -1)

    def advance(self, runner: Runner, key: jax.Array, action: jax.Array) -> tuple[Runner, Any, Any, Any]:
        keys = jax.random.split(key, self.settings.num_envs)
        observation, envs, reward, *flags, _ = self.step_all(keys, runner.envs, action, self.env_parameters)
        ended = jnp.stack(flags).any(0)
        total = runner.returns + reward
        runner = runner._replace(envs=envs, observation=observation, returns=jnp.where(ended, 0.0, total))
        return runner, reward, ended, total

    def random_step(self, runner: Runner, _: None) -> tuple[Runner, None]:
        key, draw, step = jax.random.split(runner.key, 3)
        action = jax.random.randint(draw, (self.settings.num_envs,), 0, self.env.num_actions)
        return self.advance(runner._replace(key=key), step, action)[0], None

    def policy_step(self, runner: Runner, _: None) -> tuple[Runner, Step]:
        key, draw, step = jax.random.split(runner.key, 3)
        observation = self.seen(runner.observation)
        logits, value = self.heads(runner.parameters, observation)
        log_probs = jax.nn.log_softmax(logits)
        action = jax.random.categorical(draw, log_probs)
        log_prob = jnp.take_along_axis(log_probs, action[:, None], 1)[:, 0]
        runner, reward, ended, total = self.advance(runner._replace(key=key), step, action)
        return runner, Step(observation, action, log_prob, value, reward, ended, total)

    def random_rollout(self, runner: Runner) -> Runner:
        return jax.lax.scan(self.random_step, runner, None, self.settings.num_steps)[0]

    def rollout(self, runner: Runner) -> tuple[Runner, Step]:
        return jax.lax.scan(self.policy_step, runner, None, self.settings.num_steps)

    def advantages(self, steps: Step, last_value: jax.Array) -> jax.Array:
        def back(carry: tuple, step: Step) -> tuple[tuple, jax.Array]:
            advantage, next_value = carry
            goes_on = 1.0 - step.ended
            error = step.reward + self.settings.gamma * next_value * goes_on - step.value
            advantage = error + self.settings.gamma * self.settings.gae_lambda * goes_on * advantage
            return (advantage, step.value), advantage

        return jax.lax.scan(back, (jnp.zeros_like(last_value), last_value), steps, reverse=True, unroll=16)[1]

    def loss(self, parameters: Any, batch: tuple) -> jax.Array:
        settings = self.settings
        steps, advantage, target = batch
        logits, value = self.heads(parameters, steps.observation)
        log_probs = jax.nn.log_softmax(logits)
        new = jnp.take_along_axis(log_probs, steps.action[:, None], 1)[:, 0]
        ratio = jnp.exp(new - steps.log_prob)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        clipped = jnp.clip(ratio, 1.0 - settings.clip, 1.0 + settings.clip)
        policy_loss = -jnp.minimum(ratio * advantage, clipped * advantage).mean()
        near = steps.value + jnp.clip(value - steps.value, -settings.clip, settings.clip)
        value_loss = 0.5 * jnp.maximum((value - target) ** 2, (near - target) ** 2).mean()
        entropy = -(jnp.exp(log_probs) * log_probs).sum(-1).mean()
        return policy_loss + settings.value * value_loss - settings.entropy * entropy

    def learn(self, runner: Runner, steps: Step) -> Runner:
        last_value = self.heads(runner.parameters, self.seen(runner.observation))[1]
        advantages = self.advantages(steps, last_value)
        rows = self.settings.num_envs * self.settings.num_steps
        batch = jax.tree.map(lambda x: x.reshape(rows, *x.shape[2:]), (steps, advantages, advantages + steps.value))

        def minibatch(carry: tuple, batch: tuple) -> tuple[tuple, None]:
            parameters, state = carry
            updates, state = self.optimizer.update(jax.grad(self.loss)(parameters, batch), state)
            return (optax.apply_updates(parameters, updates), state), None

        def epoch(carry: tuple, key: jax.Array) -> tuple[tuple, None]:
            order = jax.random.permutation(key, rows)
            parts = jax.tree.map(lambda x: x[order].reshape(self.settings.minibatches, -1, *x.shape[1:]), batch)
            return jax.lax.scan(minibatch, carry, parts)[0], None

        key, *keys = jax.random.split(runner.key, self.settings.epochs + 1)
        (parameters, state), _ = jax.lax.scan(epoch, (runner.parameters, runner.optimizer), jnp.stack(keys))
        return runner._replace(parameters=parameters, optimizer=state, key=key)

    def update(self, runner: Runner) -> tuple[Runner, tuple]:
        """A rollout and what is learnt from it; gives which steps ended an episode, and its return."""
        runner, steps = self.rollout(runner)
        return self.learn(runner, steps), (steps.ended, steps.episode_return)


def make(args: argparse.Namespace) -> Trainer:
    settings = SETTINGS[args.env]
    settings.num_envs, settings.steps = args.num_envs or settings.num_envs, args.steps or settings.steps
    settings.network = args.network
    return Trainer(settings)


def train(args: argparse.Namespace) -> dict:
    trainer = make(args)
    per_update = trainer.settings.num_envs * trainer.settings.num_steps
    begin = time.perf_counter()
    runner = jax.jit(trainer.start)(jax.random.key(args.seed))
    chunk = jax.jit(lambda runner: jax.lax.scan(lambda r, _: trainer.update(r), runner, None, args.chunk))
    chunk = chunk.lower(runner).compile()
    jax.block_until_ready(runner)
    compiled = time.perf_counter()
    last, episodes, done, reached = deque(maxlen=EPISODES), 0, 0, False
    while done < trainer.updates and not reached:
        runner, (ended, returns) = chunk(runner)
        ended, returns = np.asarray(ended), np.asarray(returns)
        for update in range(args.chunk):
            finished = returns[update][ended[update]]
            last.extend(finished)
            episodes, done = episodes + len(finished), done + 1
            if len(last) == EPISODES and np.mean(last) >= args.until:
                reached = True
                break
    end = time.perf_counter()
    return {
        "reached": reached,
        "steps": done * per_update,
        "seconds_total": end - STARTED,
        "seconds_training": end - begin,
        "seconds_compile": compiled - begin,
        "mean_return": float(np.mean(last)) if last else None,
        "episodes": episodes,
    }


def columns(args: argparse.Namespace) -> dict:
    """Environment steps per second: alone, with the policy (rollouts of PPO), with training. Compiling is not timed."""
    trainer = make(args)
    first = jax.jit(trainer.start)(jax.random.key(args.seed))
    steps = trainer.settings.num_envs * trainer.settings.num_steps * args.chunk

    def work(one: Callable[[Runner], tuple[Runner, Any]]) -> Callable[[], int]:
        program = jax.jit(lambda runner: jax.lax.scan(lambda r, _: one(r), runner, None, args.chunk))
        state = [first]

        def call() -> int:
            state[0], results = program(state[0])
            jax.block_until_ready((state[0], results))
            return steps

        return call

    works = {
        "environment": work(lambda runner: (trainer.random_rollout(runner), None)),
        "inference": work(trainer.rollout),
        "training": work(trainer.update),
    }
    return measure(works, args)


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


def limit_threads(threads: int) -> int:
    """XLA has a thread for each core that the process may use: where that can be set, the last so many."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-threads:])
    return min(threads, len(cores))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", choices=list(SETTINGS), default="CartPole-v1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="length of the run and its schedule; default: as published")
    parser.add_argument("--until", type=float, default=475.0)
    parser.add_argument("--num-envs", type=int, help="default: that of the settings")
    parser.add_argument("--network", choices=["mlp", "conv"], default="mlp", help="conv: MinAtar's, of Breakout")
    parser.add_argument("--chunk", type=int, default=10, help="updates per call of the compiled program")
    parser.add_argument("--threads", type=int, default=1, help="of XLA; 1 is the fastest for networks this small")
    parser.add_argument("--columns", action="store_true", help="measure throughput instead")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a stretch of --columns")
    parser.add_argument("--repeats", type=int, default=5, help="stretches of --columns")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry: the output is always JSON")
    args = parser.parse_args()
    threads = limit_threads(args.threads)
    result = {"peer": "jax", "settings": "purejaxrl", "env": args.env, "seed": args.seed, "chunk": args.chunk}
    result |= columns(args) if args.columns else train(args)
    cpu = time.process_time()
    versions = {name: metadata.version(name) for name in ("jax", "gymnax", "optax", "numpy")}
    versions |= {"python": platform.python_version()}
    machine = {"device": jax.devices()[0].platform, "threads": threads}
    print(json.dumps(result | {"seconds_cpu": cpu} | machine | {"versions": versions}))


if __name__ == "__main__":
    main()
