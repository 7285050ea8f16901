"""What the checker of vector environments says."""

from __future__ import annotations

from typing import NamedTuple

import gymnasium.error

CODES = {
    "interface": "is a VectorEnv with num_envs, spaces, metadata",
    "spaces": "batched spaces are the single ones times num_envs",
    "spec": "the spec survives pickling",
    "reset": "reset gives observations and infos",
    "step": "step gives observations, rewards, terminations, truncations and infos",
    "observations": "observations lie in the space and have its type",
    "rewards": "rewards are floats, one per instance, finite",
    "flags": "terminations and truncations are bool, one per instance",
    "infos": "infos are arrays with masks of the same name behind an underscore",
    "seeds": "the same seed and actions give the same run",
    "seed-list": "a list of seeds is one seed per instance",
    "seed-offset": "instance i of reset(seed=s) has the seed s + i",
    "rows": "an instance depends on its own actions only",
    "reset-midway": "reset forgets everything, also a start that is due",
    "partial-reset": "reset_mask starts those instances and touches no other",
    "autoreset": "an ended instance starts anew when the declared mode says so",
    "final-obs": "under SAME_STEP infos hold the last observations of exactly the ended instances",
    "terminal-obs": "the last observation of an episode is not replaced by the first of the next",
    "time-limit": "episodes have the length that the spec says, the second ones too",
    "aliasing": "arrays belong to the caller: later calls do not change them, and writing to them changes nothing",
    "actions": "actions are not written to",
    "render": "render gives one picture per instance",
    "modes": "the three auto-reset modes give the same episode (with `make`)",
    "close": "close can be called twice",
    "exception": "no check raises",
}
"""Every check by the code that its findings bear and that ``skip`` takes."""


class Finding(NamedTuple):
    """One defect."""

    code: str
    """A key of :data:`CODES`."""
    where: str
    """In which call, and at which step and instance."""
    what: str
    """What came and what was expected."""
    fix: str
    """What to do."""

    def __str__(self) -> str:
        """Three short lines."""
        return f"[{self.code}] {self.where}: {self.what}\n    fix: {self.fix}"


class VectorEnvError(gymnasium.error.Error):
    """An environment with defects; :attr:`findings` lists them all."""

    def __init__(self, env: str, findings: list[Finding]) -> None:
        super().__init__(env, findings)
        self.env = env
        self.findings = findings

    def __str__(self) -> str:
        """All findings."""
        count = len(self.findings)
        lines = [f"{self.env} has {count} defect{'s' if count > 1 else ''}:", *map(str, self.findings)]
        return "\n".join(lines)
