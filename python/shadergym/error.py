"""Errors. All others are those of :mod:`gymnasium.error` and of Python."""

from typing import Any

import gymnasium.error


class CompileError(gymnasium.error.Error):
    """A shader that does not compile. The text shows file, line, excerpt and what to do for every finding."""

    def __init__(self, text: str, diagnostics: list[dict[str, Any]] | None = None):
        """Keeps the findings: dictionaries of file, line, column, code, message, fix and excerpt."""
        super().__init__(text, diagnostics)
        self.diagnostics = diagnostics or []

    def __str__(self) -> str:
        """The text."""
        return str(self.args[0])
