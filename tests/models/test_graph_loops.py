"""Graphs whose loops are not closed as they must be are refused by name."""

import numpy as np
import pytest

from spikeloom.models.graph import Edge, Graph, GraphError
from spikeloom.models.operators import Identity, Input, Linear, Output


def test_a_node_that_only_the_step_before_reaches():
    nodes = {"in": Input((2,)), "a": Identity(), "late": Linear(np.eye(2)), "out": Output()}
    edges = (Edge("in", "a"), Edge("a", "out"), Edge("a", "late", 1))
    with pytest.raises(GraphError, match="nothing reaches node 'late'"):
        Graph(nodes, edges).verify()
