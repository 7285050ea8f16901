"""Compares board games, bandits and labyrinths with those of the `popgym` package while both play, draws included.

    pip install popgym==1.0.7 mazelib==0.9.16 numpy shadergym
    python check_popgym_boards.py [stem ...] [--device cpu] [--episodes 300] [--samples 40000] [--shaders FOLDER]

Episodes: every size, half of the instances with parameters of its own. The environment starts with its own draws, the
reference is put into that state (`load`), and both take the same actions until the end. Rewards, as 32-bit floats, are
equal or neighbours, all else is equal, truncation included. A bandit's reference pays where the environment paid.

Starts: where ships, mines and walls lie and what arms pay, many starts of both programs; the histograms must pass a
chi-squared test. So must how often arms of given chances pay.
"""

import argparse
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import shadergym
from check_minatar import P_VALUE, homogeneity
from popgym_boards import SIZES, cases, words

HERE = Path(__file__).resolve().parent


def flat(states):
    """States as lists of words in the order of the environment."""
    columns = [np.ascontiguousarray(states[n]).reshape(len(states), -1).view(np.uint32) for n in states.dtype.names]
    return np.concatenate(columns, axis=1).tolist()


def structured(dtype, rows):
    """The inverse of `flat`."""
    packed = np.array(rows, np.uint32)
    values, column = np.zeros(len(packed), dtype), 0
    for name in dtype.names:
        width = values[name].size // len(packed)
        part = np.ascontiguousarray(packed[:, column : column + width])
        values[name] = part.view(values[name].dtype).reshape(values[name].shape)
        column += width
    return values


def environment(options, case, size, count):
    file = f"{options.shaders}/{case.stem}.wgsl#POPGym/{case.name}{size}-v0"
    return shadergym.make_vec(wgsl=file, num_envs=count, device=options.device, autoreset_mode="Disabled")


class Paying:
    """A generator that pays where it is told to."""

    def random(self):
        return -1.0 if self.pays else 2.0


def episodes(options, case, size, count):
    rng = np.random.default_rng(7)
    envs = environment(options, case, size, count)
    params = [words(case.draw_params(size, rng)) for _ in range(count)]
    envs.set_params(list(range(count)), structured(envs.params.dtype, params))
    observations, _ = envs.reset(seed=11)
    references, payer = [], Paying()
    for i, state in enumerate(flat(envs.get_state())):
        env = case.make(envs_params(params[i], envs.params.dtype))
        first, _ = case.start(env, 0)
        case.load(env, state)
        first = case.look(env) if hasattr(case, "look") else first
        assert np.array_equal(first, observations[i])
        assert case.state(env) == state, (case.state(env), state)
        references.append(env)
    playing, steps, neighbours, ends = np.ones(count, bool), 0, 0, [0, 0]
    while playing.any():
        played = np.zeros((count, case.actions), np.int64)
        for i in np.flatnonzero(playing):
            played[i] = case.action(references[i], rng, errs=i % 3 == 0)
        got, rewards, terminated, truncated, infos = envs.step(played if case.actions > 1 else played[:, 0])
        states = flat(envs.get_state())
        for i in np.flatnonzero(playing):
            if case.stem == "multiarmed_bandit":
                payer.pays = bool(got[i])
                references[i]._np_random = payer
            action = tuple(played[i]) if case.actions > 1 else int(played[i][0])
            seen, reward, over, cut, _ = case.step(references[i], action)
            wanted = np.float32(reward)
            assert abs(rewards[i] - wanted) <= np.spacing(abs(wanted)), (case.stem, rewards[i], reward)
            neighbours += int(rewards[i] != wanted)
            # The reference truncates ended episodes as well, where their last step is that of the limit.
            assert (bool(over), bool(cut)) == (bool(terminated[i]), bool(truncated[i])), (case.stem, over, cut)
            assert np.array_equal(seen, got[i]) and case.state(references[i]) == states[i], (case.stem, states[i])
            steps += 1
            if over or cut:
                playing[i] = False
                ends[bool(cut)] += 1
        # Instances that ended begin anew, only for the others to go on.
        if playing.any() and (~playing).any():
            envs.reset(options={"reset_mask": ~playing})
    print(
        f"{case.name}{size}: {count} episodes equal on {options.device}, {steps} steps, {neighbours} rewards off by a last "
        f"place, {ends[0]} terminated, {ends[1]} truncated"
    )


def envs_params(packed, dtype):
    """Parameters as Python numbers, arrays flattened."""
    row = structured(dtype, [packed])[0]
    return [value.item() for name in dtype.names for value in np.atleast_1d(row[name])]


def compared(what, ours, theirs):
    p, size = homogeneity(Counter(ours), Counter(theirs))
    if p < P_VALUE:
        raise SystemExit(f"{what}: p = {p}")
    return p, size


def starts(options, case, size, params, categories):
    """Histograms of what `categories` tells of the words of starts."""
    envs = environment(options, case, size, options.samples)
    default = flat(envs.params)[0]
    params = words(params) if params else default
    envs.set_params(list(range(options.samples)), structured(envs.params.dtype, [params] * options.samples))
    envs.reset(seed=3)
    ours = [categories(state) for state in flat(envs.get_state())]
    env, theirs = case.make(envs_params(params, envs.params.dtype)), []
    case.start(env, 5)
    for _ in range(options.samples):
        case.start(env)
        theirs.append(categories(case.state(env)))
    results = [
        compared(f"{case.name}{size}, {name}", [o[name] for o in ours], [t[name] for t in theirs]) for name in ours[0]
    ]
    told = ", ".join(f"{size} kinds p {p:.2g}" for p, size in results)
    shown = envs_params(params, envs.params.dtype)
    print(f"{case.name}{size} with {shown}: {len(results)} histograms of {options.samples} starts agree: {told}")


def ships(state):
    told = {f"ship {i}": (state[0] >> (8 * i) & 255, state[1] >> i & 1) for i in range(4)}
    rows = [(state[0] >> (8 * i) & 255) >> 6 for i in range(3)]
    return {**told, "together": (tuple(rows), state[1])}


def ships_of_one(state):
    """A ship of one cell points nowhere."""
    return {f"ship {i}": state[0] >> (8 * i) & 255 for i in range(4)}


def mines(state):
    low, high = state[:2]
    count = bin(low).count("1") + bin(high).count("1")
    pairs = bin(low & low >> 1).count("1") + bin(high & high >> 1).count("1")
    by_row = tuple(bin((low | high << 32) >> (16 * i) & 0xFFFF).count("1") for i in range(4))
    # Of the two mines of the easy size the whole set, else that of two rows of three cells.
    return {"set": low if count == 2 else low & 0x0707, "neighbours": pairs, "rows": by_row}


def labyrinth(side):
    """All walls of a small labyrinth; else its dead ends and its first cells; where entrance and exit are."""

    def told(state):
        walls, (entrance, goal, free) = state[:19], state[40:43]
        is_open = lambda y, x: 0 < x < 2 * side and 0 < y < 2 * side and not walls[y] >> x & 1
        doors = [
            sum(is_open(*beside) for beside in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)))
            for y in range(1, 2 * side, 2)
            for x in range(1, 2 * side, 2)
        ]
        layout = tuple(row & (63 if side == 3 else 15) for row in walls[1 : 6 if side == 3 else 4])
        return {"ways": (entrance, goal), "dead ends": doors.count(1), "free": free, "layout": layout}

    return told


def payouts(state):
    first, second, third, best = np.array([*state[:3], state[-3]], np.uint32).view(np.float32).tolist()
    return {"first": int(first * 50), "pair": (int(second * 8), int(third * 8)), "best": int(best * 50)}


def pays(options, case):
    """How often arms pay: pulls of arms with chances from 0 to 1."""
    count, pulls = 10, max(1, options.samples // 10)
    envs = environment(options, case, "Easy", pulls)
    envs.reset(seed=9)
    chances = np.array([0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1.0], np.float32)
    env = case.make([10, 200, 0.0, 1.0])
    case.start(env, 5)
    env.bandits = chances
    envs.set_state(structured(envs.get_state().dtype, [case.state(env)] * pulls))
    ours, theirs = Counter(), Counter()
    for arm in range(count):
        for _ in range(10):
            got = envs.step(np.full(pulls, arm))[0]
            ours[arm, 1] += int(got.sum())
            ours[arm, 0] += int(pulls - got.sum())
            for _ in range(pulls):
                theirs[arm, env.step(arm)[0]] += 1
    assert ours[0, 1] == theirs[0, 1] == 0 and ours[9, 0] == theirs[9, 0] == 0
    p, size = homogeneity(ours, theirs)
    if p < P_VALUE:
        raise SystemExit(f"pays: p = {p}, {ours} {theirs}")
    print(f"{case.name}: {10 * pulls} pulls of each of {count} arms pay as often, p {p:.2g} over {size} kinds")


def main():
    # The labyrinths' maker says that they are no test of memory.
    warnings.simplefilter("ignore", DeprecationWarning)
    parser = argparse.ArgumentParser()
    parser.add_argument("stems", nargs="*")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--shaders", default=str(HERE.parents[2] / "shaders/popgym"), help="folder of the files")
    options = parser.parse_args()
    for size in SIZES:
        for case in cases(size):
            if options.stems and case.stem not in options.stems:
                continue
            few = argparse.Namespace(**{**vars(options), "samples": options.samples // 10})
            # Those of labyrinths last a thousand steps.
            episodes(options, case, size, options.episodes // (10 if case.stem == "labyrinth" else 1))
            if case.stem == "battleship":
                starts(options, case, size, None, ships)
                starts(options, case, size, [6, 4, 4, 4, 4], ships)
                starts(options, case, size, [7, 1, 1, 1, 1], ships_of_one)
            elif case.stem == "minesweeper":
                starts(options, case, size, None, mines)
            elif case.stem == "labyrinth":
                starts(few, case, size, None, labyrinth(case.sizes[size]))
                if size == "Easy":
                    starts(options, case, size, [3, 1024], labyrinth(3))
            else:
                starts(options, case, size, None, payouts)
                if size == "Easy":
                    pays(options, case)


if __name__ == "__main__":
    main()
