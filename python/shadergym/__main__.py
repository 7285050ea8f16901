"""``python -m shadergym``: the command line."""

import signal
import sys

from shadergym import _native


def main() -> int:
    """Runs the command line with the arguments of this process; gives its exit code."""
    # The command line does not come back to Python in between, so Ctrl-C has to work without it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.run_command_line(["shadergym", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
