"""What is raised, and what is warned of, by reading a network."""


class NetworkError(ValueError):
    """A file is no network that can be run, or lava-dl is missing."""


class NetworkWarning(UserWarning):
    """The graph is not all that the file holds: left out, rounded or ignored."""
