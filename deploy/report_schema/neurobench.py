"""NeuroBench's metrics, under its names."""

from __future__ import annotations

from pydantic import Field

from .section import Mean, Section, Share


class Footprint(Section):
    """Bytes of the deployed network."""

    bytes: Mean = Field(description="Of everything.")
    weights: Mean = Field(description="In their deployed bits.")
    neuron_parameters: Mean = Field(description="In their registers' widths.")
    states: Mean = Field(description="In the chip's widths.")
    buffers: Mean = Field(description="Of spikes that wait beyond a step.")


class NeurobenchOperations(Section):
    """Of a mean sample."""

    Effective_MACs: Mean = Field(description="Of sources that send numbers.")
    Effective_ACs: Mean = Field(description="Of sources that only send 0, 1 or -1.")
    Dense: Mean = Field(description="With every weight and source at every step.")


class MembraneUpdates(Section):
    """How often potentials change."""

    value: Mean = Field(description="Neurons and steps of a mean sample at which the potential differs.")
    of: str = Field(description="What was looked at.")


class NeurobenchSection(Section):
    """The complexity metrics."""

    footprint: Footprint = Field(description="Bytes.")
    connection_sparsity: Share = Field(description="Zeros among the stored weights.")
    activation_sparsity: Share = Field(description="Zeros in the output of all neurons at all steps.")
    synaptic_operations: NeurobenchOperations = Field(description="Of a mean sample.")
    membrane_updates: MembraneUpdates = Field(description="Of a mean sample.")
    notes: dict[str, str] = Field(description="How each metric was taken.")
