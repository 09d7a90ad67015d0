"""What every backend runs: an integer network, laid out on a target, and how data enters and answers leave."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import yaml

from ..mapping.mapping import Mapping, Place, Use
from ..mapping.target import Target
from ..models.array_file import read_arrays, write_arrays
from ..models.decision import Decision
from ..models.errors import UnsupportedModelError
from ..models.input_code import InputCode
from ..models.network import Network
from ..models.network_file import read_network, write_network
from ..models.yaml_file import read_yaml

FORMAT = 1
PROGRAM_NAME = "program.json"
TARGET_NAME = "target.yaml"
CORES_NAME = "cores.npz"


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled deployment.

    Attributes
    ----------
    network : integer.
    mapping : of that network on that target.
    target : the chip.
    code : how data becomes the integers that enter.
    decision : how the output becomes a class.
    steps : steps of a sample.
    """

    network: Network
    mapping: Mapping
    target: Target
    code: InputCode
    decision: Decision
    steps: int

    @property
    def period(self) -> int:
        """Steps from the start of a sample to the start of the next: the gap is silent."""
        return self.steps + self.network.gap

    def save(self, folder: Path) -> None:
        """Write the program into an existing folder; `load` reads back one that is equal to the last bit."""
        write_network(self.network, folder)
        write_arrays(folder / CORES_NAME, self.mapping.core_of)
        chip = yaml.safe_dump(self.target.model_dump(mode="json"), sort_keys=False)
        (folder / TARGET_NAME).write_text(chip, encoding="utf-8")
        document = {
            "format": FORMAT,
            "steps": self.steps,
            "decision": self.decision,
            "input_code": asdict(self.code),
            "mapping": {
                "target": self.mapping.target,
                "strategy": self.mapping.strategy,
                "places": [asdict(place) for place in self.mapping.places],
                "uses": [asdict(use) for use in self.mapping.uses],
            },
        }
        (folder / PROGRAM_NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Program:
        """Read a program.

        Raises
        ------
        UnsupportedModelError : the folder holds none, or one that is broken or of another format.
        """
        try:
            document = json.loads((folder / PROGRAM_NAME).read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise UnsupportedModelError(
                    f"{folder} was written in format {document['format']}, this version reads {FORMAT}: deploy again."
                )
            core_of = MappingProxyType(read_arrays(folder / CORES_NAME))
            target = Target.model_validate(read_yaml(folder / TARGET_NAME))
            entry = document["mapping"]
            mapping = Mapping(
                entry["target"],
                entry["strategy"],
                core_of,
                tuple(Place(**place) for place in entry["places"]),
                tuple(Use(**use) for use in entry["uses"]),
            )
            code = InputCode(**document["input_code"])
            decision, steps = Decision(document["decision"]), document["steps"]
        except (OSError, KeyError, ValueError, TypeError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise UnsupportedModelError(f"{folder} holds no readable program ({reason}): deploy again.") from error
        return cls(read_network(folder), mapping, target, code, decision, steps)
