"""Writes the `.golden` files of POPGym's card games from the games of the `popgym` package.

    pip install popgym==1.0.7 numpy
    python make_popgym.py [stem ...]

Every row is one `step` of the reference game with all integers around it, of games with parameters of all three sizes
and others where the file's own id has them. Both programs draw, each in its own way, so decks are stacked: from a moment
on, drawn for each game, all cards that are left are of one kind in every step, which then is a function of state and
action. Rewards are compared to the last bit. What is dealt is compared by check_popgym.py.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from golden_format import write_golden
from popgym_cards import CASES, Concentration, packed_bits, start

SEED = 20240611
LIMIT = 300 * 1024
HERE = Path(__file__).resolve().parent
VERSION = "1.0.7"

if version("popgym") != VERSION:
    raise SystemExit(f"found popgym {version('popgym')}: pip install popgym=={VERSION}")


def deals(case, rng):
    """Rows of one game in which cards are dealt."""
    params = case.params(rng, "Easy")
    game = case.make(params, "Easy")
    shown = start(game, int(rng.integers(2**31)))
    answer = 0
    # Games are stacked for some steps; many shortly before they end.
    length = case.length(params)
    left = int(rng.choice([rng.integers(1, min(length, case.stacked)), rng.integers(1, 4)]))
    case.prepare(game, rng, left + 1)
    error = rng.choice([0.2, 0.9])
    ended, step, first = False, 1, length - left
    while not ended and step < first + 12:
        if step >= first:
            case.stack(game, rng)
        state = case.state(game, shown, answer)
        action = case.play(game, rng, error)
        shown, reward, ended, truncated, _ = game.step(action)
        assert not truncated
        answer = case.answer(action, reward)
        if step >= first:
            yield (list(params.values()), state, action, float(reward), int(ended),
                   case.state(game, shown, answer), case.observe(shown))
        step += 1


def turns(case, rng):
    """A row of a game of pairs: any table, on which the cards never seen are of one kind or the turned one was seen."""
    failure = np.float32(rng.choice([1 / 104, rng.uniform(0.0, 0.1)]))
    game = case.make("Easy", failure)
    kinds, count = game.deck_idx_type, len(game.deck)
    one_kind = rng.random() < 0.5
    if one_kind:
        unseen = rng.permutation(np.flatnonzero(kinds == rng.integers(2)))[: rng.choice([0, 0, 1, 2, rng.integers(27)])]
    else:
        unseen = rng.permutation(count)[: rng.integers(count)]
    cards = rng.permutation(count)
    case.lay(game, cards)
    seen = ~np.isin(cards, unseen)
    # Pairs lie open, often nearly all that there can be.
    pairs = []
    for kind in range(2):
        slots = rng.permutation(np.flatnonzero(seen & (kinds[cards] == kind)))
        pairs += [slots[i : i + 2] for i in range(0, len(slots) - 1, 2)]
    spare = int(rng.choice([1, 1, 1, 2, rng.integers(count)]))
    pairs = [pairs[i] for i in rng.permutation(len(pairs))[spare:]]
    is_open = np.isin(np.arange(count), np.concatenate(pairs) if pairs else [])
    if is_open.all():
        return
    slots = np.flatnonzero(is_open).tolist()
    game.deck["face_up_idx"].extend(slots)
    game.deck["face_up"].extend(cards[slots])
    closed = np.flatnonzero(seen & ~is_open)
    if len(closed) and rng.random() < 0.7:
        first = int(rng.choice(closed))
        game.deck["in_play_idx"].append(first)
        game.deck["in_play"].append(cards[first])
        game.last_in_play_idx = [first]
        likely = [*np.flatnonzero(~is_open & (kinds[cards] == kinds[cards[first]])), first]
    else:
        game.last_in_play_idx = [int(slot) for slot in rng.choice(count, 2)] if rng.random() < 0.5 else []
        likely = np.flatnonzero(~is_open)
    if not all(seen[slot] for slot in game.last_in_play_idx):
        return
    action = int(rng.choice(likely)) if rng.random() < 0.8 else int(rng.integers(count))
    if not one_kind and not seen[action]:
        return
    state = case.state(game, seen)
    shown, reward, ended, truncated, _ = game.step(action)
    assert not truncated
    seen = seen | (np.arange(count) == action)
    yield ([failure], state, action, float(reward), int(ended), case.state(game, seen),
           packed_bits(case.observe(game, shown)))


def record(case, rows):
    rng = np.random.default_rng(SEED)
    columns = {name: [] for name in ("params", "state", "action", "reward", "terminated", "next_state", "observation")}
    seen, size = set(), 0
    while size < LIMIT:
        for row in rows(case, rng):
            key = (*row[0], *row[1], row[2])
            if key not in seen:
                seen.add(key)
                size += 4 * sum(np.size(value) for value in row)
                for column, value in zip(columns.values(), row):
                    column.append(value)
    return {name: np.array(values) for name, values in columns.items()}


def main():
    for case, rows in [*((case, deals) for case in CASES), (Concentration, turns)]:
        if sys.argv[1:] and case.stem not in sys.argv[1:]:
            continue
        columns = record(case, rows)
        header = {
            "origin": f"popgym {VERSION} popgym.envs.{case.stem} ({case.name})",
            "script": Path(__file__).name,
            "seed": SEED,
            "skipped": 0,
            "tolerance": 0.0,
            "state_fields": case.state_fields,
        }
        write_golden(HERE / f"{case.stem}.golden", header, columns)
        ends, rewards = columns["terminated"].sum(), columns["reward"]
        print(f"{case.stem}: {len(rewards)} rows, {ends} ends, rewards {(rewards > 0).sum()} above 0, "
              f"{(rewards == 0).sum()} at 0, {(rewards < 0).sum()} below")


if __name__ == "__main__":
    main()
