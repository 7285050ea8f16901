"""One instance, as Gymnasium's own: ``python single.py [episodes]``. Writes the last frame to ``single.ppm``."""

import sys

import gymnasium as gym

import shadergym  # noqa: F401 (registers the environments)

episodes = int((sys.argv[1:] or ["3"])[0])

env = gym.make("shadergym/CartPole-v1", render_mode="rgb_array")
for episode in range(episodes):
    observation, info = env.reset(seed=episode)
    total, ended = 0.0, False
    while not ended:
        # Push to where the pole falls.
        action = int(observation[2] + 0.5 * observation[3] > 0)
        observation, reward, terminated, truncated, info = env.step(action)
        total += reward
        ended = terminated or truncated
    print(f"episode {episode}: return {total:.0f}")
frame = env.render()
with open("single.ppm", "wb") as file:
    file.write(b"P6 %d %d 255\n" % (frame.shape[1], frame.shape[0]) + frame.tobytes())
env.close()
