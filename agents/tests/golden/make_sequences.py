"""Makes sequences.json: networks over sequences written a second time, their outputs and gradients by JAX.

    pip install jax==0.10.2 numpy
    python agents/tests/golden/make_sequences.py

Every case has its options, all parameters by the names of the parts, sequences with what they carry and where episodes begin,
outputs, and the gradient of the sum over all outputs times given weights. Parameters are 32-bit numbers, everything else is
computed in 64 bits. Complex states are complex numbers here, and a sequence is one step after the other.
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent
LINE = 16
OBSERVATION, HINTS, ENCODER, OUTPUTS, HIDDEN = 3, 2, 5, {"policy": 3, "value": 1}, 6
STEPS, SEQUENCES = 7, 6


def padded(n):
    return -(-n // LINE) * LINE


def rounded(x):
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def dense(rng, name, inputs, outputs):
    return {
        f"{name}.weight": rounded(rng.normal(size=(inputs, outputs)) / np.sqrt(inputs)),
        f"{name}.bias": rounded(rng.normal(size=outputs) * 0.2),
    }


def s5(rng, name, width, case):
    n, pad = case["size"] // 2, padded(case["size"] // 2) - case["size"] // 2
    real = -np.exp(rng.normal(size=n) * 0.5 - 0.7)
    if case["clip"]:
        real[0] = 0.3
    lead = {"lambda.re": real, "lambda.im": rng.normal(size=n) * 3, "log_step": rng.uniform(-2.5, 0.0, size=n)}
    parts = {f"{name}.{part}": rounded(np.pad(values, (0, pad), constant_values=-0.5)) for part, values in lead.items()}
    parts[f"{name}.D"] = rounded(rng.normal(size=width))
    b, c = rng.normal(size=(2, width, n)) / np.sqrt(width), rng.normal(size=(2, n, width)) / np.sqrt(n)
    parts[f"{name}.B"] = rounded(np.concatenate([np.pad(x, ((0, 0), (0, pad))) for x in b], axis=1))
    parts[f"{name}.C"] = rounded(np.concatenate([np.pad(x, ((0, pad), (0, 0))) for x in c], axis=0))
    return parts | dense(rng, f"{name}.value", width, width) | dense(rng, f"{name}.gate", width, width)


def s4d(rng, name, width, case):
    states = width * case["size"] // 2
    parts = {
        f"{name}.lambda.re": rounded(-np.exp(rng.normal(size=states) * 0.5 - 0.7)),
        f"{name}.lambda.im": rounded(rng.normal(size=states) * 3),
        f"{name}.log_step": rounded(rng.uniform(-2.5, 0.0, size=width)),
        f"{name}.D": rounded(rng.normal(size=width)),
        f"{name}.C": rounded(rng.normal(size=2 * states)),
    }
    return parts | dense(rng, f"{name}.value", width, width) | dense(rng, f"{name}.gate", width, width)


def lssl(rng, name, width, case):
    parts = {
        f"{name}.log_step": rounded(rng.uniform(-2.5, 0.0, size=width)),
        f"{name}.C": rounded(rng.normal(size=(case["size"], width))),
        f"{name}.D": rounded(rng.normal(size=width)),
    }
    return parts | dense(rng, f"{name}.value", width, width) | dense(rng, f"{name}.gate", width, width)


def gru(rng, name, width, case):
    return dense(rng, f"{name}.input", width, 3 * width) | dense(rng, f"{name}.hidden", width, 3 * width)


def factors(p, name, case, step):
    real = jnp.minimum(p[f"{name}.lambda.re"], -1e-4) if case["clip"] else p[f"{name}.lambda.re"]
    rate = real + 1j * p[f"{name}.lambda.im"]
    if case["discretization"] == "zoh":
        a = jnp.exp(rate * step)
        return a, (a - 1) / rate
    return (1 + rate * step / 2) / (1 - rate * step / 2), step / (1 - rate * step / 2)


def run_s5(p, name, case, x, starts, carry):
    n = padded(case["size"] // 2)
    a, factor = factors(p, name, case, jnp.exp(p[f"{name}.log_step"]))
    b = p[f"{name}.B"][:, :n] + 1j * p[f"{name}.B"][:, n:]
    c = p[f"{name}.C"][:n] + 1j * p[f"{name}.C"][n:]
    return gated(p, name, x, starts, carry, a, lambda u: factor * (u @ b), lambda state: 2 * (state @ c).real)


def run_s4d(p, name, case, x, starts, carry):
    """Channels as rows, their states as columns; states lie state after state, the channels of each side by side."""
    width, n = x.shape[1], x.shape[1] * case["size"] // 2
    step = jnp.tile(jnp.exp(p[f"{name}.log_step"]), n // width)
    a, factor = factors(p, name, case, step)
    c = (p[f"{name}.C"][:n] + 1j * p[f"{name}.C"][n:]).reshape(-1, width)
    read = lambda state: 2 * (state.reshape(-1, width) * c).sum(axis=0).real
    return gated(p, name, x, starts, carry, a, lambda u: factor * jnp.tile(u, n // width), read)


def run_lssl(p, name, case, x, starts, carry):
    """States lie number after number, the channels of each side by side."""
    size, width = case["size"], x.shape[1]
    n = np.arange(size)
    legs = -np.tril(np.sqrt(np.outer(2 * n + 1, 2 * n + 1)), -1) - np.diag(n + 1.0)
    half = jnp.exp(p[f"{name}.log_step"])[:, None, None] / 2 * legs
    inverse = jnp.linalg.inv(jnp.eye(size) - half)
    a, b = inverse @ (jnp.eye(size) + half), inverse @ np.sqrt(2 * n + 1.0) * jnp.exp(p[f"{name}.log_step"])[:, None]
    state, outputs = carry.reshape(size, width).T, []
    for t in range(len(x)):
        state = jnp.where(starts[t], 0, state)
        state = jnp.einsum("hij,hj->hi", a, state) + b * x[t][:, None]
        outputs.append((state * p[f"{name}.C"].reshape(size, width).T).sum(axis=1) + p[f"{name}.D"] * x[t])
    return behind(p, name, x, outputs)


def gated(p, name, x, starts, carry, a, feed, read):
    # What is carried is twice the conjugate of the state.
    n, outputs = len(a), []
    state = (carry[:n] - 1j * carry[n:]) / 2
    for t in range(len(x)):
        state = jnp.where(starts[t], 0, state)
        state = a * state + feed(x[t])
        outputs.append(read(state) + p[f"{name}.D"] * x[t])
    return behind(p, name, x, outputs)


def behind(p, name, x, outputs):
    active = jax.nn.gelu(jnp.stack(outputs), approximate=True)
    value = active @ p[f"{name}.value.weight"] + p[f"{name}.value.bias"]
    gate = active @ p[f"{name}.gate.weight"] + p[f"{name}.gate.bias"]
    return value * jax.nn.sigmoid(gate) + x


def run_gru(p, name, case, x, starts, carry):
    hidden, outputs = carry, []
    for t in range(len(x)):
        hidden = jnp.where(starts[t], 0, hidden)
        of_input = jnp.split(x[t] @ p[f"{name}.input.weight"] + p[f"{name}.input.bias"], 3)
        of_hidden = jnp.split(hidden @ p[f"{name}.hidden.weight"] + p[f"{name}.hidden.bias"], 3)
        reset, update = (jax.nn.sigmoid(of_input[k] + of_hidden[k]) for k in (0, 1))
        new = jnp.tanh(of_input[2] + reset * of_hidden[2])
        hidden = (1 - update) * new + update * hidden
        outputs.append(hidden)
    return jnp.stack(outputs)


def attention(rng, name, width, case):
    parts = dense(rng, f"{name}.attend", width, 3 * width) | dense(rng, f"{name}.mix", width, width)
    parts |= dense(rng, f"{name}.up", width, 4 * width) | dense(rng, f"{name}.down", 4 * width, width)
    parts[f"{name}.bias"] = rounded(rng.normal(size=(case["heads"], case["context"])))
    for part in ("attend", "up"):
        parts[f"{name}.{part}.norm.scale"] = rounded(1 + 0.3 * rng.normal(size=width))
        parts[f"{name}.{part}.norm.offset"] = rounded(0.3 * rng.normal(size=width))
    return parts


def run_attention(p, name, case, x, starts, carry):
    width, heads, context = x.shape[1], case["heads"], case["context"]
    before, size = context - 1, width // heads

    def norm(x, part):
        deviation = jnp.sqrt(x.var(axis=-1, keepdims=True) + 1e-6)
        normal = (x - x.mean(axis=-1, keepdims=True)) / deviation
        return normal * p[f"{name}.{part}.norm.scale"] + p[f"{name}.{part}.norm.offset"]

    lay = lambda x, part: x @ p[f"{name}.{part}.weight"] + p[f"{name}.{part}.bias"]
    bias = p[f"{name}.bias"].reshape(heads, context)
    # The ring, oldest first.
    count = int(carry[-1])
    ring = carry[:-1].reshape(before, 2 * width)
    seen = [ring[(count - k) % before] for k in range(min(count, before), 0, -1)]
    mixed, qkv = [], lay(norm(x, "attend"), "attend")
    for t in range(len(x)):
        if starts[t]:
            seen, count = [], 0
        seen = (seen + [qkv[t, width:]])[-context:]
        count += 1
        pairs = jnp.stack(seen)[::-1]
        heads_of = lambda x: x.reshape(*x.shape[:-1], heads, size)
        query, keys, values = heads_of(qkv[t, :width]), heads_of(pairs[:, :width]), heads_of(pairs[:, width:])
        scores = jnp.einsum("hs,khs->hk", query, keys) / np.sqrt(size) + bias[:, : len(seen)]
        mixed.append(jnp.einsum("hk,khs->hs", jax.nn.softmax(scores, axis=1), values).reshape(width))
    middle = x + lay(jnp.stack(mixed), "mix")
    return middle + lay(jax.nn.gelu(lay(norm(middle, "up"), "up"), approximate=True), "down")


MAKE = {"s5": (s5, run_s5, lambda case, width: 2 * padded(case["size"] // 2)), "gru": (gru, run_gru, lambda case, width: width)}
MAKE["s4d"] = (s4d, run_s4d, lambda case, width: width * case["size"])
MAKE["lssl"] = (lssl, run_lssl, lambda case, width: width * case["size"])
MAKE["attention"] = (attention, run_attention, lambda case, width: (case["context"] - 1) * 2 * width + 1)
CASES = [
    {"cell": "s5", "layers": 2, "width": 16, "size": 10, "discretization": "zoh", "clip": False},
    {"cell": "s5", "layers": 1, "width": 16, "size": 32, "discretization": "bilinear", "clip": True},
    {"cell": "s4d", "layers": 1, "width": 16, "size": 6, "discretization": "zoh", "clip": False},
    {"cell": "lssl", "layers": 1, "width": 16, "size": 5},
    {"cell": "gru", "layers": 2, "width": 16},
    {"cell": "attention", "layers": 1, "width": 16, "heads": 2, "context": 4},
]


def outputs_of(p, case, x, starts, carry):
    _, run, carried = MAKE[case["cell"]]
    leaky = lambda x: jnp.where(x > 0, x, 0.01 * x)
    for i in range(2):
        x = leaky(x @ p[f"encoder.{i}.weight"] + p[f"encoder.{i}.bias"])
    width = carried(case, case["width"])
    for i in range(case["layers"]):
        x = run(p, f"cell.{i}", case, x, starts, carry[i * width : (i + 1) * width])
    heads = []
    for name in OUTPUTS:
        hidden = leaky(x @ p[f"{name}.0.weight"] + p[f"{name}.0.bias"])
        heads.append(hidden @ p[f"{name}.1.weight"] + p[f"{name}.1.bias"])
    return jnp.concatenate(heads, axis=1)


def made(case, seed):
    rng, width = np.random.default_rng(seed), case["width"]
    make, _, carried = MAKE[case["cell"]]
    p = dense(rng, "encoder.0", OBSERVATION + HINTS, ENCODER) | dense(rng, "encoder.1", ENCODER, width)
    for i in range(case["layers"]):
        p |= make(rng, f"cell.{i}", width, case)
    for name, outputs in OUTPUTS.items():
        p |= dense(rng, f"{name}.0", width, HIDDEN) | dense(rng, f"{name}.1", HIDDEN, outputs)
    x = rounded(rng.normal(size=(SEQUENCES, STEPS, OBSERVATION + HINTS)))
    starts = rng.random((SEQUENCES, STEPS)) < 0.3
    carry = rounded(rng.normal(size=(SEQUENCES, case["layers"] * carried(case, width))))
    if case["cell"] == "s5":
        # States that pad others stay 0.
        n = case["size"] // 2
        carry = carry.reshape(SEQUENCES, -1, padded(n))
        carry[:, :, n:] = 0
        carry = carry.reshape(SEQUENCES, -1)
    if case["cell"] == "attention":
        # How many steps were seen.
        carry[:, -1] = [0, 1, 2, 3, 4, 5]
    weights = rounded(rng.normal(size=(SEQUENCES, STEPS, sum(OUTPUTS.values()))))
    results = [outputs_of(p, case, x[s], starts[s], carry[s]) for s in range(SEQUENCES)]
    loss = lambda p: sum((outputs_of(p, case, x[s], starts[s], carry[s]) * weights[s]).sum() for s in range(SEQUENCES))
    gradient = jax.grad(loss)({name: jnp.asarray(values) for name, values in p.items()})
    flat = lambda values: [float(f"{v:.9g}") for v in np.ravel(np.asarray(values))]
    return case | {
        "parameters": {name: flat(values) for name, values in p.items()},
        "input": flat(x),
        "starts": [bool(v) for v in starts.ravel()],
        "carry": flat(carry),
        "weights": flat(weights),
        "outputs": flat(results),
        "gradient": {name: flat(values) for name, values in gradient.items()},
    }


golden = {"origin": f"jax {jax.__version__}", "steps": STEPS, "cases": [made(case, 7 + i) for i, case in enumerate(CASES)]}
(HERE / "sequences.json").write_text(json.dumps(golden) + "\n")
