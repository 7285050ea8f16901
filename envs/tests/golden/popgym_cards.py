"""How the card games of the `popgym` package and the environments' states translate into each other.

A case has: `stem`; `name` of the environment without size and version; `sizes`, the parameters of the three ids, and
`wide`, the one of them whose parameters go furthest; `params`, which draws parameters for a size; `make` (parameters,
size -> game); `length` of an episode by its parameters; `kinds` (game -> what is counted of each of its cards);
`state_fields` in the order of the environment's words; `state` (game, what it shows, newest answer -> the words) and
`observe` (what the game shows -> words of the observation); `answer` (action, reward -> the word that tells the newest
answer); `dealt` (observations of an episode -> the kinds that each deck dealt, in their order); `prepare` and `stack`
(see there); and `play`, which errs at a given rate and returns an action.
`Concentration`, in which no cards are dealt, has what is said there instead.
"""

import numpy as np
from popgym.envs.autoencode import Autoencode as AutoencodeGame
from popgym.envs.concentration import Concentration as ConcentrationGame
from popgym.envs.count_recall import CountRecall as CountRecallGame
from popgym.envs.higher_lower import HigherLower as HigherLowerGame
from popgym.envs.repeat_first import RepeatFirst as RepeatFirstGame
from popgym.envs.repeat_previous import RepeatPrevious as RepeatPreviousGame


def bytes_of(values, words=1):
    """Words that hold values[i] at byte i."""
    return [sum(int(v) << (8 * i) for i, v in enumerate(values[4 * w : 4 * w + 4])) for w in range(words)]


def packed_bits(bits):
    """Booleans, in order, as little-endian 32-bit words."""
    padded = np.zeros(-(-len(bits) // 32) * 32, np.uint8)
    padded[: len(bits)] = bits
    return np.packbits(padded, bitorder="little").view("<u4")


def left_of(deck, kinds, count):
    """How many cards of each kind are left in a deck."""
    return np.bincount(kinds[deck.idx[: len(deck)]], minlength=count)


def verdict(action, reward):
    """The newest answer to a question for one of four suits."""
    return 1 << action | (16 if reward > 0 else 32 if reward < 0 else 0)


def start(game, seed, orders=None):
    """Resets a game, whose decks deal cards (numbers of cards) in these orders if there are any."""
    for deck, order in zip(decks(game), orders or []):
        def arranged(rng=None, deck=deck, order=order):
            type(deck).reset(deck, shuffle=False)
            deck.idx = np.array(order)[::-1].copy()

        deck.reset = arranged
    return game.reset(seed=seed)[0]


def decks(game):
    """The decks of a game, each dealt from by itself."""
    return [game.value_deck, game.query_deck] if hasattr(game, "value_deck") else [game.deck]


class RepeatFirst:
    stem = "repeat_first"
    name = "RepeatFirst"
    sizes = {"Easy": {"decks": 1}, "Medium": {"decks": 8}, "Hard": {"decks": 16}}
    wide = "Easy"
    # Cards at most that are stacked.
    stacked = 250
    state_fields = ("left", "first", "card", "answer")
    answer = staticmethod(verdict)

    @staticmethod
    def params(rng, size):
        return {"decks": int(rng.choice([1, 8, 16, rng.integers(1, 17)]))}

    @staticmethod
    def make(params, size):
        return RepeatFirstGame(params["decks"])

    @staticmethod
    def kinds(game):
        return game.deck.suits_idx

    @staticmethod
    def prepare(game, rng, count):
        """Makes a fresh game ready for having its last cards stacked."""

    @staticmethod
    def stack(game, rng):
        """Lets all cards that are left be of one kind, whatever was dealt before."""
        for deck in decks(game):
            deck.idx[: len(deck)] = rng.choice(deck.num_cards)

    @staticmethod
    def play(game, rng, error):
        return int(rng.integers(4)) if rng.random() < error else int(game.card)

    @staticmethod
    def state(game, shown, answer):
        return [*bytes_of(left_of(game.deck, game.deck.suits_idx, 4)), int(game.card), shown, answer]

    @staticmethod
    def observe(shown):
        return [shown]

    @staticmethod
    def dealt(observations, params):
        return [observations[:, 0]]

    @staticmethod
    def length(params):
        return 52 * params["decks"] - 1


class RepeatPrevious(RepeatFirst):
    stem = "repeat_previous"
    name = "RepeatPrevious"
    sizes = {"Easy": {"decks": 1, "k": 4}, "Medium": {"decks": 2, "k": 32}, "Hard": {"decks": 3, "k": 64}}
    state_fields = ("left", "cards.0", "cards.1", "cards.2", "cards.3", "answer")

    @staticmethod
    def params(rng, size):
        decks = int(rng.choice([1, 2, 3, rng.integers(1, 17)]))
        return {"decks": decks, "k": int(rng.choice([4, 32, min(64, 52 * decks - 1), rng.integers(1, 52)]))}

    @staticmethod
    def make(params, size):
        return RepeatPreviousGame(params["decks"], params["k"])

    @staticmethod
    def play(game, rng, error):
        hand = game.deck["player"]
        asked = hand[-min(game.k, len(hand))]
        return int(rng.integers(4)) if rng.random() < error else int(game.deck.suits_idx[asked])

    @staticmethod
    def state(game, shown, answer):
        suits = game.deck.suits_idx[game.deck["player"]][:-65:-1]
        cards = [sum(int(s) << (2 * i) for i, s in enumerate(suits[16 * w : 16 * w + 16])) for w in range(4)]
        return [*bytes_of(left_of(game.deck, game.deck.suits_idx, 4)), *cards, answer]


class Autoencode(RepeatFirst):
    stem = "autoencode"
    name = "Autoencode"
    sizes = {"Easy": {"decks": 1}, "Medium": {"decks": 2}, "Hard": {"decks": 3}}
    state_fields = ("left", "count", *(f"cards.{i}" for i in range(10)), "answer")

    @staticmethod
    def params(rng, size):
        return {"decks": int(rng.integers(1, 4))}

    @staticmethod
    def make(params, size):
        return AutoencodeGame(params["decks"])

    @staticmethod
    def play(game, rng, error):
        return int(rng.integers(4)) if rng.random() < error else int(game.deck.suits_idx[game.deck["system"][-1]])

    @staticmethod
    def answer(action, reward):
        return verdict(action, reward) if reward != 0 else 0

    @staticmethod
    def state(game, shown, answer):
        suits = game.deck.suits_idx[np.array(game.deck["system"], int)]
        cards = [sum(int(s) << (2 * i) for i, s in enumerate(suits[16 * w : 16 * w + 16])) for w in range(10)]
        return [*bytes_of(left_of(game.deck, game.deck.suits_idx, 4)), len(suits), *cards, answer]

    @staticmethod
    def observe(shown):
        return list(shown)

    @staticmethod
    def dealt(observations, params):
        return [observations[: 52 * params["decks"], 1]]

    @staticmethod
    def length(params):
        return 104 * params["decks"] - 1


class HigherLower(RepeatFirst):
    stem = "higher_lower"
    name = "HigherLower"
    sizes = {"Easy": {"decks": 1}, "Medium": {"decks": 2}, "Hard": {"decks": 3}}
    state_fields = ("left.0", "left.1", "left.2", "left.3", "card", "answer")

    @staticmethod
    def params(rng, size):
        return {"decks": int(rng.integers(1, 5))}

    @staticmethod
    def make(params, size):
        return HigherLowerGame(params["decks"])

    @staticmethod
    def kinds(game):
        return game.deck.ranks_idx

    @staticmethod
    def play(game, rng, error):
        """By the card in sight alone."""
        rank = game.deck.ranks_idx[game.deck["player"][-1]]
        return int(rng.integers(2)) if rng.random() < error or rank == 6 else int(rank > 6)

    @staticmethod
    def state(game, shown, answer):
        return [*bytes_of(left_of(game.deck, game.deck.ranks_idx, 13), 4), shown, answer]


class CountRecall(RepeatFirst):
    stem = "count_recall"
    name = "CountRecall"
    sizes = {"Easy": {"decks": 1}, "Medium": {"decks": 2}, "Hard": {"decks": 4}}
    wide = "Hard"
    stacked = 25
    counted = {"Easy": "colors", "Medium": "suits", "Hard": "ranks"}
    state_fields = (*(f"left.{i}" for i in range(4)), *(f"questions.{i}" for i in range(4)), "card", "query", "answer")

    @classmethod
    def params(cls, rng, size):
        return {"decks": int(rng.integers(1, cls.sizes[size]["decks"] + 1))}

    @classmethod
    def make(cls, params, size):
        return CountRecallGame(params["decks"], deck_type=cls.counted[size])

    @staticmethod
    def kinds(game):
        return game.deck_idx_type

    @staticmethod
    def prepare(game, rng, count):
        """Puts so many cards of one kind to the bottom of each deck: how many were dealt follows from how many are left."""
        for deck in decks(game):
            kinds = game.deck_idx_type[deck.idx[: len(deck)]]
            last = kinds == rng.integers(game.num_distinct_cards)
            last &= np.cumsum(last) <= count
            deck.idx[: len(deck)] = np.concatenate([deck.idx[: len(deck)][last], deck.idx[: len(deck)][~last]])

    @staticmethod
    def stack(game, rng):
        pass

    @staticmethod
    def play(game, rng, error):
        return int(rng.integers(game.action_space.n)) if rng.random() < error else int(game.counts[game.query])

    @staticmethod
    def answer(action, reward):
        return action | (256 if reward > 0 else 512)

    @staticmethod
    def state(game, shown, answer):
        left = [left_of(deck, game.deck_idx_type, 13) for deck in decks(game)]
        return [*bytes_of(left[0], 4), *bytes_of(left[1], 4), *(int(kind) for kind in shown), answer]

    @staticmethod
    def observe(shown):
        return [int(kind) for kind in shown]

    @staticmethod
    def dealt(observations, params):
        return [observations[:, 0], observations[:, 1]]


CASES = (RepeatFirst, RepeatPrevious, Autoencode, HigherLower, CountRecall)


class Concentration:
    """Cards on a table: `seen` are those turned so far, which the game does not keep but the environment does."""

    stem = "concentration"
    name = "Concentration"
    sizes = {"Easy": (1, "colors"), "Medium": (2, "colors"), "Hard": (1, "ranks")}
    state_fields = (*(f"kinds.{i}" for i in range(7)), "open.0", "open.1", *(f"unseen.{i}" for i in range(4)),
                    "turned.0", "turned.1")

    @classmethod
    def make(cls, size, failure=None):
        game = ConcentrationGame(*cls.sizes[size])
        if failure is not None:
            game.failure_reward_scale = -float(failure)
        return game

    @staticmethod
    def lay(game, cards):
        """Lays these numbers of cards on the table."""
        def arranged(rng=None):
            type(game.deck).reset(game.deck, shuffle=False)
            game.deck.idx = np.array(cards)

        game.deck.reset = arranged
        return game.reset(seed=0)[0]

    @staticmethod
    def turned(game):
        """The cards of the newest turn, as the environment has them."""
        last, count = game.last_in_play_idx, len(game.deck)
        if len(last) == 1 and last[0] in game.deck["face_up_idx"]:
            return [count, count]
        return [int(slot) for slot in last] + [count] * (2 - len(last))

    @classmethod
    def state(cls, game, seen):
        kinds = game.deck_idx_type[game.deck.idx]
        shown = np.where(seen, kinds + 1, 0)
        nibbles = (shown[:, None] >> np.arange(4)) & 1
        is_open = np.isin(np.arange(len(kinds)), game.deck["face_up_idx"])
        return [*packed_bits(nibbles.reshape(-1)), *packed_bits(is_open), *bytes_of(np.bincount(kinds[~seen], minlength=16), 4), *cls.turned(game)]

    @staticmethod
    def observe(game, shown):
        """What the cards show, one bit each."""
        return (np.array(shown)[:, None] == np.arange(game.facedown_card + 1)).reshape(-1)
