"""The one exception that stands for something a person can put right."""


class Failure(Exception):  # noqa: N818
    """Printed as it is, without a traceback, and ends the command with exit code 1."""


class Unreachable(Failure):
    """No server answers; one that is just starting may do so in a moment."""
