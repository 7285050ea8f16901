"""Training from Python: agents, policies, files, errors, Ctrl-C."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import gymnasium as gym
import numpy as np
import pytest

import shadergym
from trees import take, twice

CARTPOLE = "CartPole-v1"
# Short, and quiet on a machine with few cores.
SHORT = {"steps": 2_000, "num_threads": 1, "device": "cpu", "eval_episodes": 5}
SMALL = {
    "ppo": {"num_envs": 4, "num_steps": 32},
    "pqn": {"num_envs": 4, "num_steps": 32},
    "dqn": {"learning_starts": 200, "buffer_size": 2_000},
    "sac": {"learning_starts": 200, "buffer_size": 2_000, "hidden": [16, 16]},
}
ONE_OF_EACH = [CARTPOLE, "Pendulum-v1", "MinAtar/Breakout-v1", "TicTacToe-v0", "Maze-v0", "MPE/SimpleSpread-v3"]


def short(agent, env=CARTPOLE, **options):
    return shadergym.train(agent, env, **{**SHORT, **SMALL.get(agent, {}), **options})


@pytest.fixture(scope="module")
def policy():
    return short("ppo")


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "cartpole"
    return shadergym.train("ppo", CARTPOLE, steps=200_000, until=200, seed=1, device="cpu", out=folder)


def observations(env, n, **options):
    envs = shadergym.make_vec(env, n, device="cpu", **options)
    obs, infos = envs.reset(seed=3)
    return envs, obs, infos


def remembers(policy, obs, state):
    """A recurrent policy: what it saw matters, up to the beginning of an episode."""
    again, later = policy.predict(obs, state, deterministic=True)
    assert np.shape(later) == np.shape(state) and (later != state).any()
    fresh, begun = policy.predict(obs, state, episode_start=np.ones(np.shape(state)[:-1], bool), deterministic=True)
    np.testing.assert_array_equal(begun, state)
    np.testing.assert_array_equal(fresh, policy.predict(obs, deterministic=True)[0])
    assert again.shape == fresh.shape
    with pytest.raises(ValueError, match="state has"):
        policy.predict(obs, state[:1])
    with pytest.raises(ValueError, match="episode_start has 1 numbers"):
        policy.predict(obs, state, episode_start=[True])
    with pytest.raises(ValueError, match="hand `predict` the state"):
        policy.act(obs, elapsed=3)


@pytest.mark.parametrize("agent", shadergym.agents())
@pytest.mark.parametrize("env", ONE_OF_EACH)
def test_every_agent_trains_where_it_can_act(agent, env):
    if env not in shadergym.ids():
        pytest.skip(f"{env} is not in this build")
    if agent not in shadergym.agents(env):
        with pytest.raises(ValueError, match=f"{agent} cannot act in {env}, .* agents that can: "):
            short(agent, env)
        return
    policy = short(agent, env, steps=600)
    assert (policy.agent, policy.env_id, policy.end, policy.folder) == (agent, env, "steps", None)
    assert policy.step >= 600 and policy.config["run"]["steps"] == 600
    assert policy.evaluation["episodes"] == 5 and len(policy.evaluation["returns"]) == 5
    envs, obs, infos = observations(env, 7)
    assert policy.observation_space == envs.single_observation_space
    assert policy.action_space == envs.single_action_space
    mask = infos.get("action_mask")
    for deterministic in (True, False):
        # Streaming agents read the time; the others do not mind.
        actions = policy.act(obs, deterministic, mask, 0)
        assert actions in envs.action_space
        assert actions.dtype == envs.action_space.dtype
        one = policy.act(take(obs, 0), deterministic, None if mask is None else mask[0], 0)
        assert one in envs.single_action_space
    # Sums of more rows may be rounded elsewhere.
    few, all_of_them, double = (
        policy.act(rows, elapsed=0) for rows in (take(obs, slice(3, 4)), obs, twice(obs))
    )
    np.testing.assert_allclose(few, all_of_them[3:4], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(double, np.stack([all_of_them] * 2), rtol=1e-5, atol=1e-5)
    # Stable-Baselines3's way to act hands the steps on by itself.
    same, state = policy.predict(obs, deterministic=True)
    np.testing.assert_array_equal(same, all_of_them)
    if state is not None and np.ndim(state) > same.ndim - (same.dtype == np.float32):
        remembers(policy, obs, state)
    else:
        assert state is None or (np.shape(state) == same.shape[:1] and (state == 1).all())
    if state is not None:
        with pytest.raises(ValueError, match="counts steps|remembers what it saw"):
            policy.act(obs)
        with pytest.raises(ValueError, match="elapsed is -1"):
            policy.act(obs, elapsed=-1)
        with pytest.raises(ValueError, match="elapsed has 2 numbers"):
            policy.act(obs, elapsed=[1, 2])
    envs.step(actions)


@pytest.mark.parametrize("env", [CARTPOLE, "Pendulum-v1"])
def test_it_acts_in_gymnasiums_own_interface(env):
    policy = short("ppo", env)
    single = gym.make(shadergym.gymnasium_id(env))
    obs, _ = single.reset(seed=1)
    for _ in range(20):
        action = policy.act(obs)
        assert action in single.action_space
        assert isinstance(action, np.int64) if env == CARTPOLE else (action.shape, action.dtype) == ((1,), np.float32)
        obs, *_ = single.step(action)
    assert policy.act(obs.tolist()) == policy.act(obs.astype(np.float64)) == action.dtype.type(policy.act(obs))
    vector = gym.make_vec(shadergym.gymnasium_id(env), 5)
    obs, _ = vector.reset(seed=1)
    for _ in range(20):
        obs, *_ = vector.step(policy.act(obs, deterministic=False))
    # Any layout in memory.
    np.testing.assert_equal(policy.act(np.asfortranarray(obs)), policy.act(obs))
    np.testing.assert_equal(policy.act(obs[::2]), policy.act(obs)[::2])
    assert policy.act(obs[:0]).shape == (0, *policy.action_space.shape)



def test_a_preset_has_a_name():
    run = {"steps": 200, "eval_episodes": 0, "learning_starts": 100, "progress": False}
    policy = shadergym.train("dqn", "MinAtar/Breakout-v1", preset="published", **run)
    options = policy.config["options"]
    assert (options["optimizer"], options["network"]) == ("centered_rmsprop", "conv")
    with pytest.raises(ValueError, match="`best`, allowed is no_replay, published"):
        shadergym.train("dqn", "MinAtar/Breakout-v1", preset="best", **run)


def test_bits_and_bytes():
    policy = short("ppo", "MinAtar/Breakout-v1", steps=300)
    envs, obs, _ = observations("MinAtar/Breakout-v1", 70)
    for _ in range(3):
        expected = policy.act(obs)
        for kind in (np.uint8, np.int8, np.int64):
            np.testing.assert_equal(policy.act(obs.astype(kind)), expected)
        obs, *_ = envs.step(expected)
    with pytest.raises(TypeError, match="observations are float32, MinAtar/Breakout-v1 gives bool"):
        policy.act(obs.astype(np.float32))
    with pytest.raises(ValueError, match="observations hold 2, those of MinAtar/Breakout-v1 are 0 or 1"):
        policy.act(obs.astype(np.int8) * 2)


def test_convolutions():
    policy = short("ppo", "MinAtar/Breakout-v1", steps=300, network="conv", hidden=[16])
    envs, obs, _ = observations("MinAtar/Breakout-v1", 3)
    assert policy.act(obs) in envs.action_space
    assert policy.config["options"]["network"] == "conv"


def test_only_legal_actions():
    policy = short("ppo", "TicTacToe-v0", steps=1_000)
    for deterministic in (True, False):
        envs, obs, infos = observations("TicTacToe-v0", 64)
        for _ in range(12):
            mask = infos["action_mask"]
            actions = policy.act(obs, deterministic, mask)
            assert np.take_along_axis(mask, actions[:, None], axis=1).all()
            obs, _, _, _, infos = envs.step(actions)
    with pytest.raises(ValueError, match=r"action_mask has shape \[9\], expected \[64, 9\]"):
        policy.act(obs, action_mask=mask[0])
    with pytest.raises(TypeError, match="action_mask is float64, expected int8 or bool"):
        policy.act(obs, action_mask=mask.astype(float))
    np.testing.assert_equal(policy.act(obs, action_mask=mask.astype(bool)), policy.act(obs, action_mask=mask))


def test_an_evaluation_keeps_to_legal_actions():
    # Who makes an illegal first move is out after one step; without one, nobody is.
    policy = short("ppo", "TicTacToe-v0", steps=300)
    assert (policy.evaluate(400, deterministic=False)["lengths"] >= 2).all()


def test_a_mask_needs_choices():
    policy = short("ppo", "Pendulum-v1", steps=300)
    with pytest.raises(ValueError, match="of which no mask can leave some out"):
        policy.act(np.zeros(3, np.float32), action_mask=[1])


def test_draws_follow_the_seed(policy):
    _, obs, _ = observations(CARTPOLE, 200)
    policy.reset_noise(5)
    first = [policy.act(obs, False) for _ in range(2)]
    policy.act(obs)
    policy.reset_noise(5)
    np.testing.assert_equal([policy.act(obs, False), policy.act(obs, False)], first)
    assert (first[0] != first[1]).any()
    action, state = policy.predict(obs)
    assert state is None and action.shape == (200,)
    np.testing.assert_equal(policy.predict(obs, deterministic=True)[0], policy.act(obs))


def test_the_same_seed_gives_the_same_policy(policy):
    _, obs, _ = observations(CARTPOLE, 500)
    same = short("ppo", num_threads=2)
    assert same._native.to_bytes()[-64:] == policy._native.to_bytes()[-64:]
    np.testing.assert_equal(same.returns, policy.returns)
    other = short("ppo", seed=1)
    assert (other.act(obs) != policy.act(obs)).any()


def test_it_learns_to_balance_the_pole(solved):
    assert solved.end == "until" and solved.step < 200_000 and solved.seconds > 0
    assert solved.evaluation["mean"] > 150
    found = solved.evaluate(20, seed=7, num_threads=1)
    assert found["mean"] > 150 and found["episodes"] == 20
    assert found["mean"] == pytest.approx(found["returns"].mean()) and found["std"] == pytest.approx(
        found["returns"].std(ddof=1)
    )
    np.testing.assert_equal(found["lengths"], found["returns"])
    np.testing.assert_equal(found["returns"], solved.evaluate(20, seed=7)["returns"])
    # By hand, in the environment itself.
    env = shadergym.make(CARTPOLE)
    obs, _ = env.reset(seed=11)
    total, ended = 0.0, False
    while not ended:
        obs, reward, terminated, truncated, _ = env.step(solved.act(obs))
        total, ended = total + reward, terminated or truncated
    assert total > 100
    assert repr(solved).startswith("Policy(ppo on CartPole-v1, ") and "mean return" in repr(solved)


def test_the_history(solved):
    steps, returns = solved.history
    assert steps.dtype == np.int64 and returns.dtype == np.float64 and steps.shape == returns.shape
    assert (np.diff(steps) > 0).all() and steps[-1] <= solved.step
    assert returns is solved.returns and returns[-10:].mean() > returns[:10].mean()


def test_a_run_folder_and_its_files(solved, tmp_path):
    files = {name for name in os.listdir(solved.folder)}
    assert {"policy.safetensors", "config.toml", "metrics.csv", "summary.json", "curve.svg", "final.gif"} <= files
    _, obs, _ = observations(CARTPOLE, 500)
    expected = solved.act(obs)
    checkpoints = os.path.join(solved.folder, "checkpoints")
    newest = os.path.join(checkpoints, f"{solved.step}.safetensors")
    solved.save(tmp_path / "mine.safetensors")
    own = os.path.join(solved.folder, "policy.safetensors")
    with open(own, "rb") as a, open(tmp_path / "mine.safetensors", "rb") as b:
        assert a.read() == b.read()
    for path in (solved.folder, own, newest, tmp_path / "mine.safetensors"):
        again = shadergym.load_policy(path)
        np.testing.assert_equal(again.act(obs), expected)
        assert (again.step, again.config, again.agent) == (solved.step, solved.config, "ppo")
    again = shadergym.Policy.load(solved.folder)
    np.testing.assert_equal(again.history.steps, solved.history.steps)
    np.testing.assert_allclose(again.returns, solved.returns, rtol=1e-6)
    assert (again.end, again.folder) == ("until", solved.folder)
    assert again.evaluation == pytest.approx({k: v for k, v in solved.evaluation.items() if k in again.evaluation})
    alone = shadergym.load_policy(tmp_path / "mine.safetensors")
    assert alone.folder is None and alone.evaluation is None and len(alone.returns) == 0
    with pytest.raises(ValueError, match="something already"):
        short("ppo", out=solved.folder)


def test_pickles_and_copies(solved):
    _, obs, _ = observations(CARTPOLE, 500)
    for other in (pickle.loads(pickle.dumps(solved)), copy.deepcopy(solved)):
        np.testing.assert_equal(other.act(obs), solved.act(obs))
        np.testing.assert_equal(other.returns, solved.returns)
        assert (other.folder, other.end, repr(other)) == (solved.folder, "until", repr(solved))
        assert other.evaluation["mean"] == solved.evaluation["mean"]


def test_another_process_has_the_same_actions(solved):
    _, obs, _ = observations(CARTPOLE, 50)
    code = (
        "import pickle, sys, numpy as np\n"
        "policy, obs = pickle.load(sys.stdin.buffer)\n"
        "print(policy.act(obs).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps((solved, obs)), capture_output=True)
    assert done.stdout.decode().strip() == str(solved.act(obs).tolist()), done.stderr.decode()


def test_the_command_line_knows_the_files(solved):
    command = [sys.executable, "-m", "shadergym", "eval", solved.folder, "--episodes", "10", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"episodes":10' in done.stdout.replace(" ", "")


def test_configurations(policy, tmp_path):
    again = shadergym.train(config=policy.config, progress=False)
    assert again.config == policy.config
    np.testing.assert_equal(again.returns, policy.returns)
    more = shadergym.train(config=policy.config, steps=300, learning_rate=1e-4)
    assert more.config["run"]["steps"] == 300 and more.config["options"]["learning_rate"] == 1e-4
    file = tmp_path / "options.toml"
    file.write_text("steps = 400\nnum_envs = 2\nhidden = [8]\n")
    for config in (file, {"steps": 400, "num_envs": 2, "hidden": (8,), "clip_value": None}):
        found = short("ppo", config=config, num_envs=np.int64(4), num_steps=16, steps=None, hidden=np.array([9]))
        assert (found.config["run"]["steps"], found.config["options"]["hidden"]) == (400, [9])
        assert found.config["options"]["num_envs"] == 4


def test_the_steps_of_a_configuration_go_before_those_of_a_preset():
    config = {"run": {"steps": 256, "eval_episodes": 0}, "options": {"num_envs": 4}}
    policy = shadergym.train("ppo", CARTPOLE, config=config)
    assert policy.config["run"]["steps"] == 256 and policy.evaluation is None


def test_parameters_of_the_environment_and_evaluations_on_the_way():
    seen = []

    def look(progress):
        if progress["metrics"] and "eval/return" in progress["metrics"]:
            seen.append(progress["metrics"]["eval/return"])

    short = dict(steps=4096, seed=1, num_threads=1, num_steps=64)
    heavy = shadergym.train("ppo", "CartPole-v1", params={"gravity": 12.0}, eval_interval=1024, progress=look, **short)
    assert len(seen) == 4
    plain = shadergym.train("ppo", "CartPole-v1", progress=False, **short)
    assert heavy.config["env"] == {"gravity": 12.0} and "env" not in plain.config
    again = shadergym.train(config=heavy.config, progress=False, steps=4096, seed=1)
    observations = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    same = [policy.act(observations, deterministic=True) for policy in (heavy, again)]
    np.testing.assert_array_equal(*same)
    with pytest.raises(ValueError, match="gravity"):
        shadergym.train("ppo", "CartPole-v1", params={"gravity": 1e9}, **short)


def test_a_source_of_tasks(tmp_path):
    tasks = {"source": "uniform", "ranges": {"gravity": (6, 14)}, "eval_tasks": 5}
    run = dict(steps=2048, seed=1, num_threads=1, num_steps=64, eval_episodes=10, progress=False)
    policy = shadergym.train("ppo", "CartPole-v1", tasks=tasks, out=tmp_path / "run", **run)
    assert policy.config["tasks"]["ranges"] == {"gravity": [6, 14]} and policy.evaluation["episodes"] == 10
    rows = (tmp_path / "run" / "tasks.csv").read_text().splitlines()
    assert rows[0] == "task,gravity,episodes,return,median_length" and len(rows) == 6
    assert all(6 <= float(row.split(",")[1]) <= 14 for row in rows[1:])
    again = shadergym.train(config=policy.config, progress=False)
    np.testing.assert_array_equal(again.returns, policy.returns)
    assert shadergym.train("ppo", "CartPole-v1", tasks="uniform", **run).config["tasks"]["source"] == "uniform"
    for wrong, text in [("unifrm", "Did you mean `uniform`"), ({"source": "uniform", "ranges": {"mass": (0, 1)}}, "mass")]:
        with pytest.raises(ValueError, match=text):
            shadergym.train("ppo", "CartPole-v1", tasks=wrong, **run)


def test_names_of_environments():
    for env in ("MinAtar/Breakout-v1", "shadergym/MinAtar-Breakout-v1"):
        assert short("ppo", env, steps=130, eval_episodes=0).env_id == "MinAtar/Breakout-v1"
    assert short("ppo", "shadergym/CartPole-v1", steps=130).env_id == CARTPOLE


def test_agents_and_their_options():
    assert set(shadergym.agents("Pendulum-v1")) <= set(shadergym.agents())
    assert "dqn" not in shadergym.agents("Pendulum-v1")
    for agent in shadergym.agents():
        options = {option["name"]: option for option in shadergym.agent_options(agent)}
        assert options["gamma"]["kind"] == "a number" and isinstance(options["gamma"]["default"], float)
        assert all(option["doc"] for option in options.values())
    with pytest.raises(ValueError, match="there is no agent `pp`. Did you mean `ppo`"):
        shadergym.agent_options("pp")


@pytest.mark.parametrize(
    ("arguments", "exception", "text"),
    [
        ({"agent": "poo"}, ValueError, "there is no agent `poo`. Did you mean `ppo`"),
        ({"env": "CartPool-v1"}, gym.error.NameNotFound, "CartPole-v1"),
        ({"env": None}, ValueError, "option `env` is not given"),
        ({"env": "nothing.wgsl"}, OSError, "nothing.wgsl"),
        ({"lerning_rate": 1}, TypeError, "ppo has no option `lerning_rate`. Did you mean `learning_rate`"),
        ({"config": {"lerning_rate": 1}}, ValueError, "Did you mean `learning_rate`"),
        ({"config": {"run": {"sed": 1}}}, ValueError, "Did you mean `seed`"),
        ({"config": "nothing.toml"}, FileNotFoundError, "cannot read nothing.toml"),
        ({"learning_rate": "fast"}, ValueError, 'option `learning_rate` is "fast", allowed is a number'),
        ({"learning_rate": -1}, ValueError, "option `learning_rate` is -1"),
        ({"learning_rate": object()}, TypeError, "option `learning_rate` is of type object"),
        ({"steps": 0}, ValueError, "option `steps` is 0"),
        ({"steps": 0.5}, ValueError, "option `steps` is 0.5, allowed is a whole number"),
        ({"seed": -1}, ValueError, "option `seed` is -1"),
        ({"num_threads": 0}, ValueError, "option `num_threads` is 0"),
        ({"device": "tpu"}, ValueError, "tpu"),
        ({"until": float("nan")}, ValueError, "until"),
        ({"checkpoint_interval": "soon"}, ValueError, "option `checkpoint_interval` is `soon`"),
        ({"eval_episodes": -1}, ValueError, "option `eval_episodes` is -1"),
    ],
)
def test_bad_arguments(arguments, exception, text, tmp_path):
    before = set(os.listdir("."))
    with pytest.raises(exception, match=text):
        shadergym.train(**{"agent": "ppo", "env": CARTPOLE, "steps": 100, **arguments}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists() and set(os.listdir(".")) == before


def test_bad_observations(policy):
    for obs, exception, text in [
        (np.zeros((3, 5), np.float32), ValueError, r"observations have shape \[3, 5\], CartPole-v1 gives \[..., 4\]"),
        (np.float32(1), ValueError, r"observations have shape \[\]"),
        (["a", "b", "c", "d"], TypeError, "observations are <U1, CartPole-v1 gives float32"),
        (np.zeros(4, complex), TypeError, "observations are complex128"),
        (None, ValueError, "observations have shape"),
    ]:
        with pytest.raises(exception, match=text):
            policy.act(obs)
    for call in (lambda: policy.evaluate(0), lambda: policy.evaluate(seed=-1), lambda: policy.evaluate(device="tpu")):
        with pytest.raises(ValueError, match="option `|tpu"):
            call()


def test_bad_files(tmp_path, policy):
    with pytest.raises(FileNotFoundError, match="nothing"):
        shadergym.load_policy(tmp_path / "nothing")
    with pytest.raises(ValueError, match="not the folder of a run"):
        shadergym.load_policy(tmp_path)
    with pytest.raises(ValueError, match="not the folder of a run"):
        shadergym.resume(tmp_path)
    (tmp_path / "x.safetensors").write_bytes(b"something else")
    with pytest.raises(ValueError, match="cannot be used as a checkpoint"):
        shadergym.load_policy(tmp_path / "x.safetensors")
    policy.save(tmp_path / "y.safetensors")
    with pytest.raises(ValueError, match="it was trained with"):
        shadergym.load_policy(tmp_path / "y.safetensors", env="Acrobot-v1")
    with pytest.raises(OSError, match="cannot write"):
        policy.save(tmp_path / "none" / "z.safetensors")


def test_progress_is_told_and_may_end_the_run(tmp_path):
    seen = []
    policy = short("ppo", progress=seen.append, out=tmp_path / "all")
    steps = [p["step"] for p in seen if p["phase"] == "training"]
    assert steps == sorted(steps) and len(set(steps)) > 2_000 // (4 * 32)
    assert seen[0]["step"] == 0 and seen[0]["mean_return"] is None and seen[0]["steps"] == 2_000
    assert {"training", "evaluating"} <= {p["phase"] for p in seen}
    assert any(p["metrics"] and "episode/count" in p["metrics"] for p in seen)
    assert seen[-1]["folder"] == policy.folder and seen[-1]["episodes"] > 0

    stopped = short("ppo", progress=lambda p: p["step"] < 500, out=tmp_path / "part")
    assert stopped.end == "interrupted" and 500 <= stopped.step < 1_000
    assert shadergym.load_policy(stopped.folder).step == stopped.step
    resumed = shadergym.resume(stopped.folder)
    assert resumed.end == "steps" and resumed.step == policy.step
    # As if it had not been stopped.
    _, obs, _ = observations(CARTPOLE, 500)
    np.testing.assert_equal(resumed.act(obs), policy.act(obs))
    np.testing.assert_equal(resumed.returns, policy.returns)
    with pytest.raises(ValueError, match="the run is over"):
        shadergym.resume(resumed.folder)
    assert shadergym.resume(resumed.folder, steps=500).step >= 2_500


def test_an_error_of_the_callback_comes_out(tmp_path):
    def fail(progress):
        if progress["step"]:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        short("ppo", progress=fail, out=tmp_path / "run")
    assert shadergym.resume(tmp_path / "run").end == "steps"


def test_one_line_on_a_terminal_and_none_elsewhere(capsys, monkeypatch):
    short("ppo")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    short("ppo")
    out, err = capsys.readouterr()
    assert out == "" and "of 2,000 steps" in err and err.startswith("\r") and err.count("\n") == 1
    short("ppo", progress=False)
    assert capsys.readouterr() == ("", "")


def test_other_threads_run_meanwhile():
    ticks, done = [], False

    def count():
        while not done:
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.perf_counter()
    short("ppo", steps=20_000, num_envs=8, num_steps=128)
    end = time.perf_counter()
    done = True
    thread.join()
    assert sum(begin < tick < end for tick in ticks) >= 5


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("agent", ["ppo", "dqn"])
def test_ctrl_c_leaves_a_run_that_can_be_resumed(agent, tmp_path):
    folder = tmp_path / "run"
    code = (
        # Programs in the background of a shell inherit SIGINT as ignored.
        "import signal, shadergym\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        f"    shadergym.train({agent!r}, 'CartPole-v1', steps=10**9, device='cpu', out={str(folder)!r},\n"
        "        progress=lambda p: p['step'] == 0 and print('ready', flush=True) or None)\n"
        "except KeyboardInterrupt as caught:\n"
        "    print(caught, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    try:
        output, errors = child.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise
    assert "training stopped after" in output and "shadergym.resume(" in output, output + errors
    assert time.monotonic() - sent < 30
    policy = shadergym.load_policy(folder)
    assert policy.step > 0 and policy.end == "interrupted"
    more = shadergym.resume(folder, progress=lambda p: p["step"] < policy.step + 2_000)
    assert more.step >= policy.step + 2_000


FORK = """
import os, warnings
warnings.simplefilter("ignore")
import numpy as np, shadergym
options = dict(steps=300, num_envs=4, num_steps=32, device="cpu", eval_episodes=3)
policy = shadergym.train("ppo", "CartPole-v1", **options)
child = os.fork()
if child == 0:
    policy.act(np.zeros((64, 4), np.float32))
    for call in (lambda: shadergym.train("ppo", "CartPole-v1", **options), lambda: policy.act(np.zeros((5000, 4)))):
        try:
            call()
        except RuntimeError as caught:
            print(caught, flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_gets_a_clear_error():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and lines[2] == "0", done.stdout + done.stderr
    assert all("their threads stayed in the parent" in line for line in lines[:2])


def test_ones_own_file(tmp_path):
    source = os.path.join(os.path.dirname(__file__), "..", "examples", "thermostat.wgsl")
    try:
        policy = shadergym.train("ppo", source, steps=200, num_envs=4, num_steps=16, eval_episodes=2, out=tmp_path / "run")
    except (RuntimeError, gym.error.Error) as error:
        pytest.skip(f"a file of one's own needs a GPU: {error}")
    assert os.path.isabs(policy.config["run"]["env"])
    assert policy.act(policy.observation_space.sample()) in policy.action_space
    assert shadergym.load_policy(policy.folder).env_id == policy.env_id
