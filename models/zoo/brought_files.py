"""Which files a user brings for a data set that does not come along, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError

FILES: Mapping[str, str] = {
    "cifar-10": (
        "data_batch_1.bin to data_batch_5.bin and test_batch.bin of the binary version, from "
        "https://www.cs.toronto.edu/~kriz/cifar.html"
    ),
    "dvs128-gesture": (
        "trials_to_train.txt, trials_to_test.txt, user01_led.aedat, user01_led_labels.csv and so on, from "
        "https://research.ibm.com/interactive/dvsgesture/"
    ),
    "shd": "shd_train.h5 and shd_test.h5, from https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
    "ssc": "ssc_train.h5 and ssc_test.h5, from https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
    "n-mnist": "Train/0 to Train/9 and Test/0 to Test/9, from https://www.garrickorchard.com/datasets/n-mnist",
}


def require_folder(model: str, dataset: str, folder: Path | None) -> None:
    """Refuse to train on files that nobody brought.

    Raises
    ------
    UsageError : the data set is one that the user brings, and there is no folder.
    """
    if folder is None and dataset in FILES:
        raise UsageError(
            f"{model} is trained on {dataset}, which is not part of spikeloom: name the folder that holds "
            f"{FILES[dataset]} by --data-folder."
        )
