"""The one kind of error that is shown as a sentence instead of a traceback."""


class UserMistake(Exception):
    """Something the user can mend: a missing installation, a missing array, a wrong shape.

    Attributes
    ----------
    exit_code : what the program ends with: 2 for files and options, 6 where Lava is missing.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
