"""Oracle of the streaming agents: their formulas in f64 with JAX's autodiff, on made-up transitions.

    python make_streams.py    # writes streams.json beside itself; needs jax

Written from the formulas of Elsayed et al. 2024 (arXiv 2410.14606). Parameters start from a formula that the test has
too, so that the file holds transitions, TD errors and outputs only.
"""

import json
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
GAMMA, LAMBDA, STEPS = 0.99, 0.8, 160


def start(index):
    """Parameter `index` of a network: two of three are zero, as sparse ones are."""
    return 0.35 * math.sin(1.7 * index + 0.3) if index % 3 == 0 else 0.0


def build(case, outputs):
    """Shapes in the order of the layout: weights [inputs, units] and biases; of the outputs weights [outputs, inputs]."""
    shapes, inputs, index, parameters = [], case["inputs"] + int(case["time_limit"] > 0), 0, []
    if case["picture"]:
        height, width, channels = case["picture"]
        shapes.append((9 * channels, 16))
        inputs = (height - 2) * (width - 2) * 16
    for units in case["hidden"]:
        shapes.append((inputs, units))
        inputs = units
    for rows, units in shapes:
        for shape in [(rows, units), (units,)]:
            size = math.prod(shape)
            parameters.append(jnp.array([start(index + i) for i in range(size)]).reshape(shape))
            index += size
    for shape in [(outputs, inputs), (outputs,)]:
        size = math.prod(shape)
        parameters.append(jnp.array([start(index + i) for i in range(size)]).reshape(shape))
        index += size
    return parameters


def forward(parameters, x, case):
    def layer(sums):
        flat = sums.reshape(-1)
        normal = (flat - flat.mean()) / jnp.sqrt(flat.var() + 1e-5)
        return jnp.where(normal > 0, normal, 0.01 * normal)

    rest = list(parameters)
    if case["picture"]:
        height, width, channels = case["picture"]
        weight, bias = rest.pop(0), rest.pop(0)
        picture = x.reshape(height, width, channels)
        patches = [
            picture[y : y + 3, x_ : x_ + 3].reshape(-1) @ weight + bias
            for y in range(height - 2)
            for x_ in range(width - 2)
        ]
        x = layer(jnp.stack(patches))
    for _ in case["hidden"]:
        weight, bias = rest.pop(0), rest.pop(0)
        x = layer(x @ weight + bias)
    weight, bias = rest
    return weight @ x + bias


class Optimizer:
    def __init__(self, parameters, kappa, adaptive):
        self.e = [jnp.zeros_like(p) for p in parameters]
        self.v = [jnp.zeros_like(p) for p in parameters]
        self.kappa, self.adaptive, self.t = kappa, adaptive, 0

    def step(self, parameters, gradient, delta, reset):
        self.t += 1
        self.e = [GAMMA * LAMBDA * e + g for e, g in zip(self.e, gradient)]
        scaled = self.e
        if self.adaptive:
            self.v = [0.999 * v + 0.001 * (delta * e) ** 2 for v, e in zip(self.v, self.e)]
            scaled = [e / jnp.sqrt(v / (1 - 0.999**self.t) + 1e-8) for e, v in zip(self.e, self.v)]
        z = sum(float(jnp.abs(e).sum()) for e in scaled)
        bound = self.kappa * max(abs(delta), 1.0) * z
        alpha = 1.0 / bound if bound > 1 else 1.0
        if reset:
            self.e = [jnp.zeros_like(e) for e in self.e]
        return [p - alpha * delta * e for p, e in zip(parameters, scaled)]


class Moments:
    def __init__(self, width):
        self.n, self.mean, self.p = 0, np.zeros(width), np.zeros(width)

    def push(self, x):
        self.n += 1
        if self.n == 1:
            self.mean = np.array(x, dtype=float)
            return
        before = x - self.mean
        self.mean = self.mean + before / self.n
        self.p = self.p + before * (x - self.mean)

    def variance(self):
        return np.ones_like(self.p) if self.n < 2 else self.p / (self.n - 1)


def log_prob_and_entropy(outputs, action, continuous):
    if continuous:
        n = len(outputs) // 2
        mean, deviation = outputs[:n], jax.nn.softplus(outputs[n:])
        log_prob = (-((action - mean) ** 2) / (2 * deviation**2) - jnp.log(deviation) - 0.5 * math.log(2 * math.pi)).sum()
        return log_prob, (0.5 + 0.5 * math.log(2 * math.pi) + jnp.log(deviation)).sum()
    log_p = jax.nn.log_softmax(outputs)
    return log_p[action], -(jnp.exp(log_p) * log_p).sum()


def run(case, random):
    kind, limit = case["kind"], case["time_limit"]
    observations, normal = [], Moments(case["inputs"])
    rewards, trace = Moments(1), 0.0
    deltas, outputs, actions, given, flags = [], [], [], [], []
    heads = [2 * case["actions"] if case["continuous"] else case["actions"], 1] if kind == "ac" else [case["actions"]]
    nets = [build(case, n) for n in heads]
    kappas = [3.0, 2.0] if kind == "ac" else [2.0]
    optimizers = [Optimizer(p, k, case["adaptive"]) for p, k in zip(nets, kappas)]
    apply = jax.jit(lambda p, x: forward(p, x, case))
    value_gradient = jax.jit(jax.grad(lambda p, x, a: -forward(p, x, case)[a]))

    def actor(p, x, action, sign):
        log_prob, entropy = log_prob_and_entropy(forward(p, x, case), action, case["continuous"])
        return -log_prob - 0.01 * entropy * sign

    actor_gradient = jax.jit(jax.grad(actor))

    def seen(elapsed):
        if case["picture"]:
            x = (random.random(case["inputs"]) < 0.3).astype(np.float32)
        else:
            x = (random.normal(size=case["inputs"]) * [1.0, 20.0, 0.01, 5.0][: case["inputs"]] + 3.0).astype(np.float32)
        observations.append([float(v) for v in x])
        normal.push(x.astype(float))
        x = (x - normal.mean) / np.sqrt(normal.variance() + 1e-8)
        return jnp.array(np.append(x, -0.5 + max(elapsed - 1, 0) / limit) if limit else x)

    elapsed, s, pending = 0, None, None
    s = seen(0)
    for t in range(STEPS):
        if case["continuous"]:
            action = np.float32(random.normal(size=case["actions"]) * 1.5)
        else:
            action = int(random.integers(case["actions"])) if pending is None else pending
        reward = float(np.float32(random.normal() * 3 + 1))
        elapsed += 1
        terminated = random.random() < 0.04
        truncated = not terminated and limit > 0 and elapsed >= limit
        done = terminated or truncated
        trace = (0.0 if done else GAMMA * trace) + reward
        rewards.push(np.array([trace]))
        scaled = reward / math.sqrt(rewards.variance()[0] + 1e-8)
        after = seen(elapsed)
        now = [np.array(apply(p, s)) for p in nets]
        ahead = [np.array(apply(p, after)) for p in nets]
        cut, pending = False, None
        if kind == "q":
            cut = action != int(now[0].argmax())
            delta = scaled + GAMMA * ahead[0].max() * (not done) - now[0][action]
        elif kind == "sarsa":
            pending = None if done else int(random.integers(case["actions"]))
            delta = scaled + (0.0 if done else GAMMA * ahead[0][pending]) - now[0][action]
        else:
            delta = scaled + GAMMA * ahead[1][0] * (not done) - now[1][0]
        delta = float(delta)
        if kind == "ac":
            a = jnp.array(action) if case["continuous"] else action
            gradients = [actor_gradient(nets[0], s, a, 1.0 if delta >= 0 else -1.0), value_gradient(nets[1], s, 0)]
        else:
            gradients = [value_gradient(nets[0], s, action)]
        nets = [o.step(p, g, delta, done or cut) for o, p, g in zip(optimizers, nets, gradients)]
        deltas.append(delta)
        actions.append([float(v) for v in np.atleast_1d(action)])
        given.append(reward)
        flags.append(int(terminated) + 2 * int(truncated))
        if done:
            elapsed = 0
            after = seen(0)
        s = after
        outputs.append([float(v) for p in nets for v in apply(p, s)])
    # What SARSA's last error looks ahead to.
    actions += [[float(pending)]] if pending is not None else []
    short = lambda values: [float(f"{v:.9g}") for v in values]
    return case | {
        "observations": [short(o) for o in observations],
        "taken": actions,
        "rewards": given,
        "flags": flags,
        "deltas": short(deltas),
        "outputs": [short(o) for o in outputs],
    }


def main():
    base = {"inputs": 4, "picture": None, "hidden": [32, 16], "actions": 3, "continuous": False, "adaptive": False}
    cases = [
        base | {"name": "q", "kind": "q", "time_limit": 20},
        base | {"name": "sarsa", "kind": "sarsa", "time_limit": 20},
        base | {"name": "ac", "kind": "ac", "time_limit": 0, "adaptive": True},
        base | {"name": "ac, continuous", "kind": "ac", "time_limit": 15, "continuous": True, "actions": 2},
        base | {"name": "q, picture", "kind": "q", "time_limit": 0, "inputs": 60, "picture": [6, 5, 2], "hidden": [16]},
    ]
    results = [run(case, np.random.default_rng(7 + i)) for i, case in enumerate(cases)]
    path = pathlib.Path(__file__).with_name("streams.json")
    path.write_text(json.dumps(results, separators=(",", ":")).replace('{"inputs"', '\n{"inputs"') + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
