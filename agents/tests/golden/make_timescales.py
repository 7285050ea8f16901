"""Makes timescales.json: recurrent networks with time constants written a second time, their losses and gradients by JAX.

    pip install jax==0.10.2 numpy
    python agents/tests/golden/make_timescales.py

Every case has all parameters by the names of the parts, streams of bits of several lengths, states before their first bits, the
windows that are asked for, the mean cross-entropy and right answers of each head, and the gradient of the sum of the former.
Parameters are 32-bit numbers, everything else is computed in 64 bits, one stream after the other and one step after the other.
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent
CASES = [
    {"task": "parity", "units": 7, "heads": 4, "first": 1, "last": 3, "fixed_tau": False, "lengths": [9, 5, 6, 6, 11]},
    {"task": "match", "units": 19, "heads": 3, "first": 0, "last": 2, "fixed_tau": False, "lengths": [5 + i * i % 9 for i in range(70)]},
    {"task": "parity", "units": 5, "heads": 1, "first": 0, "last": 0, "fixed_tau": True, "lengths": [3, 8, 8]},
]


def rounded(x):
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def label(task, bits, window):
    newest = bits[-window:]
    return sum(newest) % 2 if task == "parity" else int(newest[0] == newest[-1])


def outputs(p, case, bits, h):
    tau = jnp.ones(case["units"]) if case["fixed_tau"] else jnp.maximum(p["tau"], 1)
    for bit in bits:
        fed = h @ p["recurrent.weight"] + bit * p["input.weight"][0] + p["bias"]
        h = (1 - 1 / tau) * h + fed / tau
        h = jnp.where(h > 0, h, 0.01 * h)
    return p["heads.weight"] @ h + p["heads.bias"]


def losses(p, case, streams, starts):
    asked = range(case["first"], case["last"] + 1)
    each = []
    for bits, h in zip(streams, starts):
        logs = jax.nn.log_softmax(outputs(p, case, bits, h), axis=1)
        each.append(jnp.stack([-logs[head, label(case["task"], bits, head + 2)] for head in asked]))
    return jnp.stack(each).mean(axis=0)


def made(case, seed):
    rng, n, heads = np.random.default_rng(seed), case["units"], case["heads"]
    tau = np.ones(n) if case["fixed_tau"] else rng.uniform(0.7, 3, size=n)
    recurrent = rng.normal(size=(n, n)) * 0.9 / np.sqrt(n)
    np.fill_diagonal(recurrent, 0)
    p = {
        "tau": rounded(tau),
        "recurrent.weight": rounded(recurrent),
        "input.weight": rounded(rng.normal(size=(1, n))),
        "bias": rounded(rng.normal(size=n) * 0.3),
        "heads.weight": rounded(rng.normal(size=(heads, 2, n)) / np.sqrt(n)),
        "heads.bias": rounded(rng.normal(size=(heads, 2)) * 0.3),
    }
    streams = [[int(bit) for bit in rng.random(length) < 0.6] for length in case["lengths"]]
    starts = rounded(rng.uniform(0, 0.1, size=(len(streams), n)))
    parameters = {name: jnp.asarray(values) for name, values in p.items()}
    gradient = jax.grad(lambda p: losses(p, case, streams, starts).sum())(parameters)
    # No unit is connected to itself.
    gradient["recurrent.weight"] = gradient["recurrent.weight"] * (1 - np.eye(n))
    right = np.zeros(case["last"] + 1 - case["first"], dtype=int)
    for bits, h in zip(streams, starts):
        found = np.asarray(outputs(parameters, case, bits, h))[case["first"] : case["last"] + 1].argmax(axis=1)
        right += [int(answer == label(case["task"], bits, case["first"] + i + 2)) for i, answer in enumerate(found)]
    flat = lambda values: [float(f"{v:.9g}") for v in np.ravel(np.asarray(values))]
    return case | {
        "parameters": {name: flat(values) for name, values in p.items()},
        "streams": ["".join(map(str, bits)) for bits in streams],
        "starts": flat(starts),
        "losses": flat(losses(parameters, case, streams, starts)),
        "right": right.tolist(),
        "gradient": {name: flat(values) for name, values in gradient.items()},
    }


golden = {"origin": f"jax {jax.__version__}", "cases": [made(case, 7 + i) for i, case in enumerate(CASES)]}
(HERE / "timescales.json").write_text(json.dumps(golden) + "\n")
