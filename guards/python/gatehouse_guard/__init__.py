"""ASGI middleware that verifies access tokens and refuses revoked ones from memory."""

from .guard import Guard, Settings
from .middleware import GuardMiddleware
from .problems import Problem
from .rule import Rule
from .tokens import Caller

__all__ = ["Caller", "Guard", "GuardMiddleware", "Problem", "Rule", "Settings"]
