"""Parameters and states of single instances: ``python tasks.py``."""

import numpy as np

import shadergym

envs = shadergym.make_vec("CartPole-v1", 4)
for field in shadergym.spec("CartPole-v1")["params"]["fields"]:
    print(f"{field['name']:>24} [{field['unit']}] {field['doc']}" if "doc" in field else field)

# Each instance its own gravity, from its next start on.
envs.set_params(None, {"gravity": [5.0, 8.0, 9.8, 15.0]})
envs.reset(seed=3)
print(envs.params["gravity"])

# The same start for all four, then the same actions: gravity makes the difference.
start = envs.get_state([0])
envs.set_state(start)
for _ in range(20):
    observations, *_ = envs.step(np.ones(4, int))
print(observations[:, 2], "rad; angle of the pole after 20 pushes to the right")

# Put everything back as it was and go on from there, bit by bit.
snapshot = envs.snapshot()
first = envs.step(np.zeros(4, int))[0]
envs.restore(snapshot)
assert (envs.step(np.zeros(4, int))[0] == first).all()
