"""Bits, splitting and pruning that a configuration leaves open, settled by what the whole network makes of them.

The bound is the share of calibration samples that may change class against the float network: accuracy cannot fall by
more on these samples. Labels play no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .choosing import chosen
from .layer_quantization import Quantization
from .quantizer import QuantizedLayer, Quantizer
from .synapse_format import SynapseFormat
from .weights import MOST_BITS
from .wish import Wish

FEWEST_BITS = 2
PRUNED_SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


class Settling:
    """The search over formats.

    Parameters
    ----------
    quantizer : of the float network.
    wishes : per layer; a layer without one gets 8 bits.
    bound : share of the calibration samples that may change class, in [0, 1].
    progress : called after each layer that was quantized with its name.
    """

    def __init__(
        self,
        quantizer: Quantizer,
        wishes: Mapping[str, Wish],
        bound: float,
        progress: Callable[[str], None] = lambda layer: None,
    ) -> None:
        self.quantizer, self.bound, self.progress = quantizer, bound, progress
        self.wishes = {name: wishes.get(name, Wish()) for name in quantizer.layers}
        self.formats = {name: wish.start() for name, wish in self.wishes.items()}
        self._found: dict[tuple[str, SynapseFormat], tuple[QuantizedLayer, ...]] = {}
        self.remarks: list[str] = []

    def result(self) -> Quantization:
        """The integer network; `formats` and `remarks` then say what was settled."""
        best = self._chosen(self.formats)
        if any(wish.split is None for wish in self.wishes.values()):
            best = self._split(best)
        if any(wish.bits is None for wish in self.wishes.values()):
            best = self._narrowed(best)
        if any(wish.pruned is None for wish in self.wishes.values()):
            best = self._pruned(best)
        return self.quantizer.assembled(best)

    def _alternatives(self, name: str, form: SynapseFormat) -> tuple[QuantizedLayer, ...]:
        key = name, form
        if key not in self._found:
            self._found[key] = self.quantizer.alternatives(name, form)
            self.progress(name)
        return self._found[key]

    def _chosen(self, formats: Mapping[str, SynapseFormat]) -> dict[str, QuantizedLayer]:
        found = {name: self._alternatives(name, form) for name, form in formats.items()}
        return chosen(self.quantizer, found)

    def _changed(self, layers: Mapping[str, QuantizedLayer]) -> float:
        return self.quantizer.free_run.changed(self.quantizer.assembled(layers).network)

    def _split(self, best: dict[str, QuantizedLayer]) -> dict[str, QuantizedLayer]:
        """Split the layers that follow their float neurons worst, one after the other, until the bound is met."""
        open_ = [name for name, wish in self.wishes.items() if wish.split is None]
        split: list[str] = []
        for name in sorted(open_, key=lambda layer: best[layer].account.likeness):
            changed = self._changed(best)
            if changed <= self.bound:
                break
            formats = self.formats | {name: replace(self.formats[name], split=True)}
            other = self._chosen(formats)
            if self._changed(other) < changed:
                self.formats, best = formats, other
                split.append(name)
        together = self.formats | {name: replace(self.formats[name], split=True) for name in open_}
        if self._changed(best) > self.bound and together != self.formats:
            other = self._chosen(together)
            if self._changed(other) < self._changed(best):
                self.formats, best, split = together, other, open_
        if split:
            self.remarks.append(f"weights: each the sum of two in {_listed(split)}, for the accuracy bound (split).")
        self._note_broken_bound("split", best)
        return best

    def _narrowed(self, best: dict[str, QuantizedLayer]) -> dict[str, QuantizedLayer]:
        """As few bits as the bound allows: all layers together first, then each by itself, the largest first."""
        open_ = [name for name, wish in self.wishes.items() if wish.bits is None]
        bits = MOST_BITS
        while bits > FEWEST_BITS:
            formats = self.formats | {name: replace(self.formats[name], bits=bits - 1) for name in open_}
            other = self._chosen(formats)
            if self._changed(other) > self.bound:
                break
            self.formats, best, bits = formats, other, bits - 1
        network = self.quantizer.network
        sizes = {name: sum(p.connectivity.weights.size for p in network.incoming(name)) for name in open_}
        for name in sorted(open_, key=lambda layer: -sizes[layer]):
            while self.formats[name].bits > FEWEST_BITS:
                form = replace(self.formats[name], bits=self.formats[name].bits - 1)
                trials = [best | {name: layer} for layer in self._alternatives(name, form)]
                other = min(trials, key=lambda t: self.quantizer.free_run.loss(self.quantizer.assembled(t).network))
                if self._changed(other) > self.bound:
                    break
                self.formats, best = self.formats | {name: form}, other
        if self._note_broken_bound("bits", best):
            return best
        found = ", ".join(f"{name} {self.formats[name].bits}" for name in open_)
        self.remarks.append(f"bits: the fewest that keep the accuracy bound, {found} (bits).")
        return best

    def _pruned(self, best: dict[str, QuantizedLayer]) -> dict[str, QuantizedLayer]:
        """The largest share of weights, the same for all layers that leave it open, that the bound allows."""
        open_ = [name for name, wish in self.wishes.items() if wish.pruned is None]
        for share in PRUNED_SHARES:
            formats = self.formats | {name: replace(self.formats[name], pruned=share) for name in open_}
            other = self._chosen(formats)
            if self._changed(other) <= self.bound:
                self.formats = formats
                self.remarks.append(f"pruning: {share:.0%} of the weights of {_listed(open_)} became zero (prune).")
                return other
        if not self._note_broken_bound("prune", best):
            self.remarks.append("pruning: none, for a tenth of the weights would break the accuracy bound (prune).")
        return best

    def _note_broken_bound(self, option: str, best: Mapping[str, QuantizedLayer]) -> bool:
        """Say that a search could not meet the bound, where it could not."""
        changed = self._changed(best)
        broken = changed > self.bound
        if broken:
            self.remarks.append(
                f"accuracy bound: {changed:.1%} of the calibration samples change class, more than {self.bound:.1%}, "
                f"whatever is tried ({option})."
            )
        return broken


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
