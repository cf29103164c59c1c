from __future__ import annotations

import gc
import sys

import pytest

from hybrid_index.cli.start import collect_garbage_rarely, without


def test_hidden_packages_cannot_be_imported_and_come_back() -> None:
    sys.modules.pop("colorsys", None)
    with without(("colorsys",)), pytest.raises(ImportError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hls(1.0, 1.0, 1.0)[1] == 1.0


def test_loaded_packages_are_not_hidden() -> None:
    with without(("gc",)):
        import gc as again
    assert again is gc


def test_hidden_packages_come_back_after_an_error() -> None:
    sys.modules.pop("colorsys", None)
    with pytest.raises(RuntimeError), without(("colorsys",)):
        raise RuntimeError
    import colorsys

    assert colorsys.__name__ == "colorsys"


def test_hollow_packages_have_any_name_for_a_while() -> None:
    sys.modules.pop("colorsys", None)
    with without((), hollow=("colorsys",)):
        from colorsys import anything  # type: ignore[attr-defined]

        assert anything is None
    from colorsys import rgb_to_hls

    assert rgb_to_hls(1.0, 1.0, 1.0)[1] == 1.0


def test_garbage_is_still_collected() -> None:
    before = gc.get_threshold()
    try:
        collect_garbage_rarely()
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.set_threshold(*before)
