"""The exceptions that a person can act on."""


class Failure(Exception):  # noqa: N818
    """Ends the command with exit code 1; its text is printed without a traceback."""


class Unreachable(Failure):
    """No server answers; one that is starting may answer in a moment."""
