"""Oracle of AC(lambda): its formulas in f64 with JAX's autodiff, on made-up transitions.

    python make_ac_lambda.py    # writes ac_lambda.json beside itself; needs jax

Written from the formulas of Young and Tian 2019 (arXiv 1903.03176) in the order of their example agent; parameters start as
those of the streaming agents' oracle do.
"""

import json
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from make_streams import build

GAMMA, LAMBDA, ALPHA, BETA, BETA2, EPSILON, TINY = 0.99, 0.8, 2.0**-11, 0.01, 0.999, 1e-4, 1e-4
STEPS, ACTIONS = 60, 3


def outputs(parameters, x, case):
    rest = list(parameters)
    if case["picture"]:
        height, width, channels = case["picture"]
        kernel = rest.pop(0).reshape(3, 3, channels, 16)
        sums = jax.lax.conv_general_dilated(
            x.reshape(1, height, width, channels), kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.silu(sums[0] + rest.pop(0)).reshape(-1)
    slope = jax.vmap(jax.grad(jax.nn.silu))
    for _ in case["hidden"]:
        weight, bias = rest.pop(0), rest.pop(0)
        x = slope(x @ weight + bias)
    weight, bias = rest
    y = weight @ x + bias
    return y[:ACTIONS], y[ACTIONS]


def run(case, random):
    theta = build(case, ACTIONS + 1)

    def policy(p, x):
        return jax.nn.softmax(outputs(p, x, case)[0])

    value = jax.jit(lambda p, x: outputs(p, x, case)[1])
    logits_of = jax.jit(lambda p, x: outputs(p, x, case)[0])

    def spread(p, x):
        pi = policy(p, x)
        return -(pi * jnp.log(pi + TINY)).sum()

    entropy = jax.jit(jax.value_and_grad(spread))
    traced = jax.jit(
        jax.grad(lambda p, x, a: outputs(p, x, case)[1] + 0.5 * jnp.log(policy(p, x)[a] + TINY)), static_argnums=2
    )
    zeros = [jnp.zeros_like(p) for p in theta]
    trace, square, updates = zeros, zeros, 0
    told = {name: [] for name in ["observations", "actions", "rewards", "logits", "deltas", "entropies"]}

    def look():
        if case["picture"]:
            x = (random.random(case["inputs"]) < 0.3).astype(np.float32)
        else:
            x = random.normal(size=case["inputs"]).astype(np.float32)
        told["observations"].append([float(v) for v in x])
        return jnp.array(x, dtype=float)

    while updates < STEPS:
        length, before, reward = int(random.integers(1, 12)), None, None
        for t in range(length + 1):
            x, last = look(), t == length
            action = None if last else int(random.integers(ACTIONS))
            told["actions"].append(action)
            if not last:
                told["logits"].append([float(v) for v in logits_of(theta, x)])
            gradient = zeros if last else traced(theta, x, action)
            if before is not None:
                updates += 1
                delta = reward + (0.0 if last else GAMMA * value(theta, x)) - value(theta, before)
                h, slope = entropy(theta, x)
                total = [delta * e + BETA * s for e, s in zip(trace, slope)]
                square = [BETA2 * v + (1 - BETA2) * g**2 for v, g in zip(square, total)]
                unbiased = [v / (1 - BETA2**updates) for v in square]
                theta = [p + ALPHA * g / jnp.sqrt(v + EPSILON) for p, g, v in zip(theta, total, unbiased)]
                told["rewards"].append(reward)
                told["deltas"].append(float(delta))
                told["entropies"].append(float(h))
            trace = [GAMMA * LAMBDA * e + g for e, g in zip(trace, gradient)]
            before, reward = x, float(np.float32(random.normal() * 3 + 1))
        trace = zeros

    def short(value):
        return [short(v) for v in value] if isinstance(value, list) else value if value is None else float(f"{value:.9g}")

    for name in told:
        told[name] = told[name] if name == "actions" else short(told[name])
    shape = case["picture"] or [case["inputs"]]
    return {"name": case["name"], "observation": shape, "hidden": case["hidden"]} | told


def main():
    base = {"time_limit": 0, "picture": None}
    cases = [
        base | {"name": "numbers", "inputs": 4, "hidden": [32, 16]},
        base | {"name": "picture", "inputs": math.prod([6, 5, 2]), "picture": [6, 5, 2], "hidden": [16]},
    ]
    results = [run(case, np.random.default_rng(11 + i)) for i, case in enumerate(cases)]
    path = pathlib.Path(__file__).with_name("ac_lambda.json")
    path.write_text(json.dumps(results, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
