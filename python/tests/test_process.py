"""Threads, signals, forks, machines without drivers."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from gymnasium import error

import shadergym


def python(code: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def end_of(child: subprocess.Popen, seconds: float) -> tuple[str, str]:
    """Output and errors of a program that has to end within so many seconds; it does not outlive the test."""
    try:
        return child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise


def test_a_second_thread_is_refused():
    envs = shadergym.make_vec("Acrobot-v1", 256, device="cpu", num_threads=1)
    envs.reset(seed=1)
    ready, stop, refused = threading.Event(), threading.Event(), []

    def roll() -> None:
        while not stop.is_set():
            ready.set()
            try:
                envs.rollout(2000, record=False)
            except error.AlreadyPendingCallError:
                pass

    thread = threading.Thread(target=roll)
    thread.start()
    ready.wait()
    deadline = time.monotonic() + 20
    while not refused and time.monotonic() < deadline:
        try:
            envs.step(np.zeros(256, int))
        except error.AlreadyPendingCallError as caught:
            refused.append(caught)
    stop.set()
    thread.join()
    assert "`step` was called while another thread is inside a call" in str(refused[0])
    assert refused[0].name == "step"
    envs.step(np.zeros(256, int))


def test_other_threads_run_during_a_call():
    envs = shadergym.make_vec("Acrobot-v1", 4096, device="cpu", num_threads=1, autoreset_mode="Disabled")
    envs.reset(seed=1)
    counted = []

    def count() -> None:
        while not done:
            counted.append(time.perf_counter())
            time.sleep(0.001)

    done = False
    thread = threading.Thread(target=count)
    thread.start()
    begin = time.perf_counter()
    envs.rollout(400, record=False)  # in one piece
    end = time.perf_counter()
    done = True
    thread.join()
    assert sum(begin < t < end for t in counted) >= 2


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("record", [False, True])
def test_ctrl_c_stops_a_rollout(record):
    size = ("64", "2**22") if record else ("1024", "2**31")
    code = (
        # Programs in the background of a shell inherit SIGINT as ignored.
        "import signal, shadergym\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"envs = shadergym.make_vec('Acrobot-v1', {size[0]}, device='cpu')\n"
        "envs.reset(seed=1)\n"
        "print('ready', flush=True)\n"
        "try:\n"
        f"    envs.rollout({size[1]}, record={record})\n"
        "except KeyboardInterrupt:\n"
        "    envs.step(envs.action_space.sample())\n"
        "    print('stopped', flush=True)\n"
    )
    child = python(code)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    output, errors = end_of(child, 20)
    assert output == "stopped\n", errors


FORK = """
import os, warnings
warnings.simplefilter("ignore")
import numpy as np, shadergym
envs = shadergym.make_vec("CartPole-v1", 20000, device="cpu", num_threads=3)
first = envs.reset(seed=1)[0]
envs.step(np.zeros(20000, int))
child = os.fork()
if child == 0:
    try:
        envs.step(np.zeros(20000, int))
    except RuntimeError as caught:
        print(caught, flush=True)
    del envs
    again = shadergym.make_vec("CartPole-v1", 20000, device="cpu", num_threads=3)
    print((again.reset(seed=1)[0] == first).all(), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1])
envs.step(np.zeros(20000, int))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_gets_a_clear_error_and_can_begin_anew():
    child = python(FORK)
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    lines = output.splitlines()
    assert "made before the process was forked" in lines[0] and "make it anew in the child" in lines[0]
    assert lines[1:] == ["True", "0"]


def test_no_driver_is_needed():
    code = (
        "import numpy as np, shadergym\n"
        "for id in shadergym.ids():\n"
        "    envs = shadergym.make_vec(id, 3)\n"
        "    envs.reset(seed=1)\n"
        "    envs.step(envs.action_space.sample())\n"
        "envs = shadergym.make_vec('CartPole-v1', 40000)\n"
        "print(envs.device.split(',')[0])\n"
        "try:\n"
        "    shadergym.make_vec('CartPole-v1', 3, device='gpu')\n"
        "except Exception as caught:\n"
        "    print(type(caught).__name__, caught)\n"
    )
    nowhere = {"VK_ICD_FILENAMES": "/nonexistent", "VK_DRIVER_FILES": "/nonexistent"}
    output, errors = python(code, **nowhere).communicate(timeout=60)
    assert output.startswith("cpu\nDependencyNotInstalled "), errors
    assert "use the cpu device" in output


def test_looking_for_a_gpu_writes_nothing():
    """Drivers write to standard error where there is no desktop, as on servers."""
    code = (
        "import os, shadergym\n"
        "before = dict(os.environ)\n"
        "shadergym.make_vec('CartPole-v1', num_envs=20000)\n"
        "try:\n"
        "    shadergym.make_vec('CartPole-v1', 3, device='gpu').reset(seed=1)\n"
        "except shadergym.error.gymnasium.error.DependencyNotInstalled:\n"
        "    pass\n"
        "assert dict(os.environ) == before\n"
    )
    bare = {name: value for name, value in os.environ.items() if name not in ("XDG_RUNTIME_DIR", "NODEVICE_SELECT")}
    for command in ([sys.executable, "-c", code], [sys.executable, "-m", "shadergym", "doctor"]):
        done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")


def test_python_m_shadergym_is_the_command_line():
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "shadergym", *arguments], capture_output=True, text=True)

    listed = run("list")
    assert listed.returncode == 0
    assert all(id in listed.stdout for id in shadergym.ids())
    assert run("--version").stdout.split()[-1] == shadergym.__version__
    wrong = run("no-such-command")
    assert wrong.returncode == 2 and "no-such-command" in wrong.stderr
    assert run("spec", "Nothing-v1").returncode != 0
