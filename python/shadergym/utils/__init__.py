"""Tools for users and authors of environments."""

from shadergym.utils._findings import CODES, Finding, VectorEnvError
from shadergym.utils.check_vector_env import check_vector_env, find_defects

__all__ = ["CODES", "Finding", "VectorEnvError", "check_vector_env", "find_defects"]
