"""The simulator: event-driven, integer, the same spikes as Lava in every step."""
