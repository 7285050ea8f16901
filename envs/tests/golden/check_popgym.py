"""Compares POPGym's card games with the games of the `popgym` package over whole episodes, and what they deal.

    pip install popgym==1.0.7 numpy shadergym
    python check_popgym.py [stem ...] [--device cpu] [--instances 200]

Episodes: the environment plays from its own start with its own draws; the reference's decks are put into the order in
which the environment dealt, which only works where every card was dealt as often as it is there, and it plays the same
actions. All observations, rewards and ends must be equal, rewards to the last bit of single precision. Each of the
three ids is played, and one batch in which every instance has parameters of its own.

Concentration's tables are told by what was turned; cards that never were are laid anyhow. It is played step by step, by
a player that forgets nothing but errs.

Dealing: in a shuffled deck the next card is any of those left, whatever came before. Over all cards that the
environment dealt, how often each kind came is compared with what the counts of those left let expect, for first cards
alone too, and so are products with what was unexpected about the card before. Sums of so many draws are normal.
"""

import argparse

import numpy as np
import shadergym

from popgym_cards import CASES, Concentration, start

# Standard errors; about a thousand sums are looked at.
SIGMAS = 5.5
ROOT = __file__.rsplit("envs", 1)[0]


def environment(case, size, count, device):
    # The file's own id is the easy one.
    variant = "" if size == "Easy" else f"#POPGym/{case.name}{size}-v0"
    return shadergym.make_vec(wgsl=f"{ROOT}shaders/popgym/{case.stem}.wgsl{variant}", num_envs=count, device=device,
                              autoreset_mode="NextStep")


def rows(observations, axes):
    """Observations as whole numbers, one row behind so many axes."""
    parts = list(observations.values()) if isinstance(observations, dict) else [observations]
    parts = [np.asarray(part).astype(np.int64) for part in parts]
    return np.concatenate([part.reshape(*part.shape[:axes], -1) for part in parts], -1)


def order(kinds, dealt):
    """Numbers of cards of these kinds, each card once."""
    cards = {kind: list(np.flatnonzero(kinds == kind)) for kind in set(kinds.tolist())}
    numbers = [cards[kind].pop() for kind in dealt]
    # What was not dealt lies below.
    return numbers + [card for rest in cards.values() for card in rest]


class Dealing:
    """Sums of what was unexpected about cards, and of their variances, by what they are sums of."""

    def __init__(self):
        self.sums, self.cards = {}, 0

    def add(self, key, excess, variance):
        total = self.sums.setdefault(key, np.zeros(2))
        total += excess, variance

    def hear(self, kinds, count, dealt):
        left = np.bincount(kinds, minlength=count).astype(float)
        before = np.zeros(count)
        for at, kind in enumerate(dealt):
            chance = left / left.sum()
            excess = (np.arange(count) == kind) - chance
            for i in range(count):
                variance = chance[i] * (1.0 - chance[i])
                self.add(("all", count, i), excess[i], variance)
                if at == 0:
                    self.add(("first", count, i), excess[i], variance)
                self.add(("after", count, i), excess[i] * before[i], variance * before[i] ** 2)
            before, self.cards = excess, self.cards + 1
            left[kind] -= 1.0
            assert left[kind] >= 0.0, f"kind {kind} is dealt too often"

    def worst(self):
        scores = {key: abs(sum_) / np.sqrt(variance) for key, (sum_, variance) in self.sums.items() if variance > 0}
        key = max(scores, key=scores.get)
        if scores[key] > SIGMAS:
            raise SystemExit(f"cards are dealt unevenly: {key} is off by {scores[key]:.1f} standard errors")
        return scores[key], len(scores)


def compare(case, size, count, device, dealing, rng):
    mixed = size == "mixed"
    size = case.wide if mixed else size
    envs = environment(case, size, count, device)
    if mixed:
        params = [case.params(rng, size) for _ in range(count)]
        envs.set_params(None, {name: [p[name] for p in params] for name in params[0]})
    else:
        params = [case.sizes[size]] * count
    first = rows(envs.reset(seed=int(rng.integers(2**31)))[0], 1)
    for name in params[0]:
        assert (envs.params[name] == [p[name] for p in params]).all()
    lengths = [case.length(p) for p in params]
    actions = rng.integers(envs.single_action_space.n, size=(max(lengths), count))
    # What is dealt does not depend on the answers: a first run tells it, so that the second can be played well.
    begin = envs.snapshot()
    observations = np.concatenate([first[None], rows(envs.rollout(max(lengths), actions).observations, 2)])
    steps, returns, expected = 0, {}, []
    for i, length in enumerate(lengths):
        error = float(rng.choice([0.0, 0.1, 0.5, 1.0]))
        game, seen = case.make(params[i], size), observations[: length + 1, i]
        kinds, dealt = case.kinds(game), case.dealt(seen, params[i])
        for one in dealt:
            dealing.hear(kinds, len(set(kinds.tolist())), one)
        shown = start(game, 0, [order(kinds, one) for one in dealt])
        assert case.observe(shown) == seen[0].tolist()
        played, total = [], 0.0
        for t in range(length):
            actions[t, i] = case.play(game, rng, error)
            shown, reward, terminated, truncated, _ = game.step(int(actions[t, i]))
            assert terminated == (t + 1 == length) and not truncated
            played.append((case.observe(shown), float(np.float32(reward)), bool(terminated)))
            total += reward
        returns.setdefault(error, []).append(total)
        expected.append(played)
        steps += length
    envs.restore(begin)
    played = envs.rollout(max(lengths), actions)
    seen = rows(played.observations, 2)
    assert not played.truncations.any()
    for i, length in enumerate(lengths):
        for t in range(length):
            got = (seen[t, i].tolist(), float(played.rewards[t, i]), bool(played.terminations[t, i]))
            wanted = expected[i][t]
            assert got == wanted, f"{case.stem} {params[i]}, step {t}: {got} instead of {wanted}"
    means = ", ".join(f"{np.mean(returns[error]):.3f} at {error:.0%}" for error in sorted(returns))
    own = ", own parameters" if mixed else ""
    print(f"{case.name}{size}{own}: {count} episodes, {steps} transitions equal on {device}, returns by errors {means}")


def choose(kinds, is_open, first, rng):
    """The best card to turn, by the kinds of those seen (-1 for the others); `first` is the first of a turn, or None."""
    closed = np.flatnonzero(~is_open & (kinds >= 0))
    if first is not None:
        partners = closed[(kinds[closed] == kinds[first]) & (closed != first)]
    else:
        partners = [slot for slot in closed if (kinds[closed] == kinds[slot]).sum() > 1]
    unseen = np.flatnonzero(kinds < 0)
    return int(partners[0] if len(partners) else rng.choice(unseen) if len(unseen) else rng.integers(len(kinds)))


def compare_turns(size, count, device, dealing, rng):
    case = Concentration
    envs = environment(case, size, count, device)
    first = rows(envs.reset(seed=int(rng.integers(2**31)))[0], 1)
    cards, limit = envs.single_action_space.n, envs.facts["max_episode_steps"]
    error = rng.choice([0.0, 0.1, 0.5, 1.0], count)
    kinds, order_seen = np.full((count, cards), -1), [[] for _ in range(count)]
    is_open, turned = np.zeros((count, cards), bool), [[] for _ in range(count)]
    played, going, seen = [[] for _ in range(count)], np.ones(count, bool), first
    assert (seen.reshape(count, cards, -1).argmax(-1) == seen.shape[1] // cards - 1).all()
    while going.any():
        actions = np.zeros(count, int)
        for i in np.flatnonzero(going):
            waits = turned[i][0] if len(turned[i]) == 1 else None
            best = choose(kinds[i], is_open[i], waits, rng)
            actions[i] = rng.integers(cards) if rng.random() < error[i] else best
        seen, rewards, ended, cut, _ = envs.step(actions)
        seen = rows(seen, 1)
        for i in np.flatnonzero(going):
            card = int(actions[i])
            played[i].append((card, seen[i].tolist(), float(rewards[i]), bool(ended[i]), bool(cut[i])))
            if kinds[i, card] < 0:
                kinds[i, card] = seen[i].reshape(cards, -1)[card].argmax()
                order_seen[i].append(kinds[i, card])
            if len(turned[i]) == 1 and not is_open[i, turned[i][0]]:
                turned[i].append(card)
            else:
                turned[i] = [card] if not is_open[i, card] else []
            if rewards[i] > 0:
                is_open[i, turned[i]] = True
        going &= ~(ended | cut)
    steps, returns, solved = 0, {}, 0
    for i in range(count):
        game = case.make(size)
        dealing.hear(game.deck_idx_type, game.facedown_card, order_seen[i])
        numbers = order(game.deck_idx_type, kinds[i][kinds[i] >= 0])
        table = np.zeros(cards, int)
        table[np.concatenate([np.flatnonzero(kinds[i] >= 0), np.flatnonzero(kinds[i] < 0)])] = numbers
        shown, total = case.lay(game, table), 0.0
        assert case.observe(game, shown).tolist() == first[i].tolist() and game.episode_length == limit
        for t, got in enumerate(played[i]):
            shown, reward, ended, cut, _ = game.step(got[0])
            expected = (case.observe(game, shown).tolist(), float(np.float32(reward)), bool(ended), bool(cut))
            assert got[1:] == expected, f"{case.stem} {size}, step {t}: {got} instead of {expected}"
            total += reward
        assert ended or cut
        steps, solved = steps + len(played[i]), solved + bool(ended)
        returns.setdefault(error[i], []).append(total)
    means = ", ".join(f"{np.mean(returns[error]):.3f} at {error:.0%}" for error in sorted(returns))
    print(f"{case.name}{size}: {count} episodes, {solved} of them solved, {steps} transitions equal on {device}, returns by "
          f"errors {means}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stems", nargs="*")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--instances", type=int, default=200)
    options = parser.parse_args()
    rng = np.random.default_rng(13)
    for case in [*CASES, Concentration]:
        if options.stems and case.stem not in options.stems:
            continue
        dealing = Dealing()
        for size in [*case.sizes, *(["mixed"] if case in CASES else [])]:
            if case is Concentration:
                compare_turns(size, options.instances, options.device, dealing, rng)
            else:
                compare(case, size, options.instances, options.device, dealing, rng)
        worst, sums = dealing.worst()
        print(f"{case.name}: {dealing.cards} cards dealt, {sums} sums, the largest {worst:.1f} standard errors off")


if __name__ == "__main__":
    main()
