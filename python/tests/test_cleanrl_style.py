"""A single-file PPO loop in the style of CleanRL, straight on the vector environment: torch, no library in between."""

import numpy as np
import pytest

import shadergym

NUM_ENVS, NUM_STEPS, UPDATES = 64, 64, 60
GAMMA, GAE_LAMBDA, CLIP, EPOCHS, MINIBATCHES, LEARNING_RATE = 0.99, 0.95, 0.2, 4, 8, 1e-3
THRESHOLD = 475.0


@pytest.mark.slow
def test_ppo_loop_reaches_the_threshold() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    torch.set_num_threads(1)
    # SAME_STEP: every row is a real transition, the last observation of an episode is in infos["final_obs"].
    envs = shadergym.make_vec("CartPole-v1", num_envs=NUM_ENVS, autoreset_mode="SameStep", episode_statistics=True)

    def mlp(outputs: int):
        layers = [torch.nn.Linear(4, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh()]
        return torch.nn.Sequential(*layers, torch.nn.Linear(64, outputs))

    actor, critic = mlp(2), mlp(1)
    optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=LEARNING_RATE, eps=1e-5)
    observations, _ = envs.reset(seed=1)
    returns: list[float] = []
    for update in range(UPDATES):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - update / UPDATES)
        rows = []
        for _ in range(NUM_STEPS):
            seen = torch.as_tensor(observations)
            with torch.no_grad():
                policy = torch.distributions.Categorical(logits=actor(seen))
                action = policy.sample()
                logprob, value = policy.log_prob(action), critic(seen).squeeze(-1)
            observations, reward, terminated, truncated, infos = envs.step(action.numpy())
            ended = terminated | truncated
            following = observations.copy()
            if ended.any():
                following[ended] = np.asarray(infos["final_obs"])[ended]
                returns += list(infos["episode"]["r"][infos["_episode"]])
            with torch.no_grad():
                next_value = critic(torch.as_tensor(following)).squeeze(-1)
            flags = [torch.as_tensor(np.asarray(x, dtype=np.float32)) for x in (reward, terminated, ended)]
            rows.append((seen, action, logprob, value, next_value, *flags))
        seen, action, logprob, value, next_value, reward, terminated, ended = (torch.stack(c) for c in zip(*rows))
        # Truncation bootstraps from the last observation; only termination has no future.
        delta = reward + GAMMA * (1 - terminated) * next_value - value
        advantage, running = torch.zeros_like(delta), torch.zeros(NUM_ENVS)
        for t in reversed(range(NUM_STEPS)):
            running = delta[t] + GAMMA * GAE_LAMBDA * (1 - ended[t]) * running
            advantage[t] = running
        target = (advantage + value).flatten()
        flat = [x.flatten(0, 1) for x in (seen, action, logprob, advantage)]
        for _ in range(EPOCHS):
            for part in torch.randperm(NUM_ENVS * NUM_STEPS).chunk(MINIBATCHES):
                s, a, old, adv = (x[part] for x in flat)
                adv = (adv - adv.mean()) / (adv.std() + 1e-8)
                policy = torch.distributions.Categorical(logits=actor(s))
                ratio = (policy.log_prob(a) - old).exp()
                surrogate = torch.min(ratio * adv, ratio.clamp(1 - CLIP, 1 + CLIP) * adv).mean()
                value_loss = (critic(s).squeeze(-1) - target[part]).square().mean()
                loss = -surrogate + 0.5 * value_loss - 0.01 * policy.entropy().mean()
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
                optimizer.step()
    envs.close()
    last = float(np.mean(returns[-100:]))
    print(f"mean return of the last 100 episodes: {last:.1f}")
    assert last >= THRESHOLD
