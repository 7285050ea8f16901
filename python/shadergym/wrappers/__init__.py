"""Vector wrappers that Gymnasium has for single environments only.

They work on any :class:`gymnasium.vector.VectorEnv` in all three auto-reset modes.
"""

from shadergym.wrappers.frame_stack import FrameStack
from shadergym.wrappers.time_aware import TimeAwareObservation

__all__ = ["FrameStack", "TimeAwareObservation"]
