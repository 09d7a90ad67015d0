"""What makes training repeatable stays while anybody trains, and goes when nobody does."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch")


def test_settings_stay_until_the_last_thread_has_left() -> None:
    from spikeloom.models.training.deterministic import deterministic

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    inside, first_has_left, found = threading.Event(), threading.Event(), []

    def second() -> None:
        with deterministic():
            inside.set()
            assert first_has_left.wait(20)
            found.append((torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()))

    thread = threading.Thread(target=second)
    with deterministic():
        thread.start()
        assert inside.wait(20)
    first_has_left.set()
    thread.join()
    assert found == [(1, True)]
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_settings_come_back_after_an_error() -> None:
    from spikeloom.models.training.deterministic import deterministic

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with pytest.raises(ZeroDivisionError), deterministic():
        raise ZeroDivisionError
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
