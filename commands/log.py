"""Logging to standard error, set up only where it is asked for."""

from __future__ import annotations

import logging

LOGGER_NAME = "spikeloom"
FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
TIME_FORMAT = "%H:%M:%S"


def log_to_standard_error(level: str) -> None:
    """Let Spikeloom, and no library that it uses, log from this level on.

    Parameters
    ----------
    level : "debug", "info", "warning" or "error".
    """
    logger = logging.getLogger(LOGGER_NAME)
    for handler in [*logger.handlers]:  # of a command before, in the same process
        logger.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT, TIME_FORMAT))
    logger.addHandler(handler)
    logger.setLevel(level.upper())
    logger.propagate = False
