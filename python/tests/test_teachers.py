"""Teachers in a loop of one's own."""

import copy
import pickle

import numpy as np
import pytest

import shadergym
from shadergym.teachers import Adr, AlpGmm, CovarGmm, Oracle, Plr, Random, Riac, Teacher, teacher_options, teachers

ALL = [Adr, AlpGmm, CovarGmm, Oracle, Plr, Random, Riac]
LOW, HIGH = [0.0, -5.0], [1.0, 5.0]


def options(cls):
    """Options with which returns of 0 to 1 count."""
    return {} if cls in (Random, Oracle) else {"reward_low": 0, "reward_high": 1}


def teach(teacher, episodes, first=0):
    """Returns rise with time in a fifth of the box; the tasks."""
    tasks = []
    for episode in range(first, first + episodes):
        task = teacher.sample()
        teacher.update(task, episode / 2000 if task[0] < 0.2 else 0.5)
        tasks.append(task)
    return np.array(tasks)


@pytest.mark.parametrize("cls", ALL)
def test_tasks_lie_in_the_box_and_a_seed_gives_the_same(cls):
    teacher = cls(LOW, HIGH, seed=3, **options(cls))
    tasks = teach(teacher, 600)
    assert tasks.dtype == np.float64 and tasks.shape == (600, 2)
    assert (tasks >= LOW).all() and (tasks <= HIGH).all()
    assert teacher.episodes == 600 and teacher.refused == 0
    np.testing.assert_array_equal(teach(cls(LOW, HIGH, seed=3, **options(cls)), 600), tasks)
    if cls is not Adr:  # It begins with one task.
        assert (teach(cls(LOW, HIGH, seed=4, **options(cls)), 1) != tasks[:1]).any()


@pytest.mark.parametrize("cls", [AlpGmm, CovarGmm, Riac, Random])
def test_it_goes_where_something_is_learned(cls):
    teacher = cls(LOW, HIGH, seed=1, **options(cls))
    share = (teach(teacher, 2000)[-500:, 0] < 0.2).mean()
    assert 0.12 < share < 0.28 if cls is Random else share > 0.45, share


def test_a_fit_is_told():
    teacher = AlpGmm(LOW, HIGH, reward_low=0, reward_high=1)
    assert teacher.newest is None and teacher.changes == 0
    teach(teacher, 250)
    row = teacher.newest
    gaussians = len(row["weights"])
    assert teacher.changes == row["fit"] == 1 and row["episodes"] == 250
    assert sum(row["weights"]) == pytest.approx(1) and len(row["progress"]) == gaussians
    assert np.shape(row["means"]) == (gaussians, 3) and np.shape(row["covariances"]) == (gaussians, 3, 3)
    assert repr(teacher) == "AlpGmm(250 episodes)"


def test_one_number_and_float32_do():
    teacher = Riac(0, 0.1)
    for _ in range(300):
        task = teacher.sample()
        assert task.shape == (1,)
        teacher.update(task.astype(np.float32), 1.0)
    teacher.update(0.1, 1)
    teacher.update(np.float32(0.1), np.float32(1))
    assert teacher.episodes == 302


@pytest.mark.parametrize("cls", ALL)
def test_copies_and_files_go_on_alike(cls, tmp_path):
    teacher = cls(LOW, HIGH, seed=2**64 - 1, **options(cls))
    teach(teacher, 777)
    teacher.save(tmp_path / "teacher.safetensors")
    others = [
        copy.deepcopy(teacher),
        pickle.loads(pickle.dumps(teacher)),
        cls.load(tmp_path / "teacher.safetensors"),
        Teacher.load(tmp_path / "teacher.safetensors"),
    ]
    expected = teach(teacher, 700, 777)
    for other in others:
        assert type(other) is cls and other.config == teacher.config
        np.testing.assert_array_equal(teach(other, 700, 777), expected)
        assert other.newest == teacher.newest
    wrong = Oracle if cls is not Oracle else Riac
    with pytest.raises(ValueError, match=f"that of a {cls.__name__}, not of a {wrong.__name__}"):
        wrong.load(tmp_path / "teacher.safetensors")


def test_what_cannot_be_made_is_refused(tmp_path):
    for call, error, text in [
        (lambda: AlpGmm(LOW, HIGH, fit_rat=100), TypeError, "Did you mean `fit_rate`"),
        (lambda: Random(LOW, HIGH, fit_rate=100), TypeError, "random has no option `fit_rate`"),
        (lambda: AlpGmm(LOW, HIGH, fit_rate=0), ValueError, "max_k to 100000"),
        (lambda: AlpGmm(LOW, HIGH, criterion="best"), ValueError, "aic, bic or aicc"),
        (lambda: AlpGmm(HIGH, LOW), ValueError, "dimension 0 of the box of tasks is 1 to 0"),
        (lambda: AlpGmm([0.0], HIGH), ValueError, "1 and 2 numbers"),
        (lambda: AlpGmm([], []), ValueError, "1 or more"),
        (lambda: AlpGmm([np.nan], [1.0]), ValueError, "NaN"),
        (lambda: AlpGmm(LOW, HIGH, seed=-1), ValueError, "allowed is 0 to"),
        (lambda: AlpGmm(["a", "b"], HIGH), ValueError, "could not convert"),
        (lambda: Teacher(LOW, HIGH), TypeError, "make one of Adr, AlpGmm"),
        (lambda: AlpGmm.load(tmp_path / "none"), FileNotFoundError, "none"),
        (lambda: teacher_options("alp_gm"), ValueError, "Did you mean `alp_gmm`"),
    ]:
        with pytest.raises(error, match=text):
            call()
    learner = shadergym.Learner("stream_td", shadergym.make("CartPole-v1").observation_space)
    learner.save(tmp_path / "learner.safetensors")
    with pytest.raises(ValueError, match="not that of a teacher"):
        AlpGmm.load(tmp_path / "learner.safetensors")


@pytest.mark.parametrize("cls", ALL)
def test_bad_results_are_refused_and_forgotten(cls):
    teacher, other = (cls(LOW, HIGH, **options(cls)) for _ in range(2))
    for task, value, text in [
        ([0.5, 6.0], 0.0, "dimension 1 of the task is 6, allowed is -5 to 5"),
        ([0.5], 0.0, "one for each dimension"),
        ([0.5, np.nan], 0.0, "NaN"),
        ([0.5, 0.0], np.nan, "return of the episode is NaN"),
        ([0.5, 0.0], -np.inf, "finite"),
    ]:
        with pytest.raises(ValueError, match=text):
            teacher.update(task, value)
    assert (teacher.episodes, teacher.refused) == (0, 5)
    np.testing.assert_array_equal(teach(teacher, 300), teach(other, 300))


def test_names_and_options_are_listed_and_documented():
    assert teachers() == ["adr", "alp_gmm", "covar_gmm", "oracle", "plr", "random", "riac"]
    assert [cls._name for cls in ALL] == teachers()
    for cls in ALL:
        inherited = AlpGmm.__doc__ if cls is CovarGmm else ""
        for option in teacher_options(cls._name):
            assert option["doc"] and f"``{option['name']}``" in cls.__doc__ + inherited, (cls, option)


def test_training_takes_a_teacher(tmp_path):
    policy = shadergym.train(
        "ppo",
        "CartPole-v1",
        steps=20_000,
        tasks={"source": "alp-gmm", "ranges": {"gravity": (5, 15), "half_length": (0.3, 1)}, "fit_rate": 50},
        eval_episodes=0,
        gif=False,
        out=tmp_path / "run",
        progress=False,
    )
    assert policy.config["tasks"]["source"] == "alp_gmm"
    lines = (tmp_path / "run" / "teacher.jsonl").read_text().splitlines()
    assert len(lines) > 1 and '"covariances"' in lines[0]
