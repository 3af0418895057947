"""A peer that cannot be measured."""

from edge.errors import EdgeError


class PeerUnavailable(EdgeError):
    """A runtime that cannot be installed here, or that ended while it was measured."""
