"""Makes `import lava` work: on Python 3.10 as shipped, on later ones with a fix.

Import this module before anything of Lava. lava-nc 0.10.0 was written for Python 3.10. One of its modules,
`lava.magma.compiler.var_model`, gives dataclass fields an instance of a dataclass as default value; since Python 3.11
`dataclasses` refuses defaults that cannot be hashed. While that one module is imported, we let every dataclass be
hashable; nothing in Lava depends on it.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import logging
import sys
import warnings
from unittest import mock

from user_mistake import UserMistake

INSTALL_ADVICE = (
    "Lava cannot be imported ({error}). Install it on Python 3.10 with 'pip install lava-nc==0.10.0', on Python 3.11 "
    "and later with 'pip install --no-deps --ignore-requires-python lava-nc==0.10.0' and then "
    "'pip install numpy scipy networkx scikit-learn asteval cloudpickle'."
)


def _import_lava() -> None:
    # Lava imports plotting helpers and old NumPy idioms; their warnings help nobody who runs a finished network.
    warnings.simplefilter("ignore")
    try:
        if sys.version_info >= (3, 11):
            # These two first, so that no dataclass outside Lava is made while the replacement is in place.
            for name in ("scipy.sparse", "networkx"):
                importlib.import_module(name)
            hashable = functools.partial(dataclasses.dataclass, unsafe_hash=True)
            with mock.patch.object(dataclasses, "dataclass", hashable):
                importlib.import_module("lava.magma.compiler.var_model")
        importlib.import_module("lava.magma.core.run_configs")
    except ImportError as error:
        raise UserMistake(INSTALL_ADVICE.format(error=error), exit_code=6) from error
    logging.disable(logging.WARNING)


_import_lava()
