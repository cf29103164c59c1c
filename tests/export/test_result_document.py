from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.export import document, failed_document, from_document, to_json
from hybrid_index.types import IndexingResult, PeakList, WholePattern

MakeResult = Callable[..., IndexingResult]


def test_document_has_every_promised_field(make_result: MakeResult, peaks: PeakList) -> None:
    content = document(make_result())
    assert list(content)[:7] == [
        "schema", "id", "status", "reasons", "n_peaks", "wavelength_angstrom", "solutions",
    ]  # fmt: skip
    assert content["schema"] == "hybrid-index/result/1"
    assert content["n_peaks"] == len(peaks)
    assert set(content["timing_s"]) >= {"total", "peaks", "search", "refine", "rank"}
    solution = content["solutions"][0]
    assert set(solution) >= {
        "rank", "bravais_lattice", "crystal_system", "cell", "cell_esd", "volume", "primitive_cell",
        "zero_shift_deg", "zero_shift_esd_deg", "displacement_mm", "displacement_esd_mm", "merit", "probability",
        "n_indexed", "unindexed_two_theta_deg", "lines", "source", "equivalents",
    }  # fmt: skip
    assert set(solution["merit"]) >= {"m20", "f20", "m_rev", "m_sym", "info"}
    assert solution["bravais_lattice"] == "oP"
    assert solution["crystal_system"] == "orthorhombic"
    assert solution["cell"] == {"a": 8.482, "b": 5.398, "c": 6.959, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}
    assert list(solution["primitive_cell"].values())[:3] == pytest.approx([5.398, 6.959, 8.482])
    assert solution["n_indexed"] == len(solution["lines"]) == len(peaks) - 1
    assert solution["unindexed_two_theta_deg"] == [28.912]
    line = solution["lines"][0]
    assert line["two_theta_obs_deg"] == pytest.approx(line["two_theta_calc_deg"], abs=0.02)
    assert all(isinstance(index, int) for index in line["hkl"])


def test_text_is_strict_json(make_result: MakeResult) -> None:
    content = document(make_result())
    text = to_json(content)
    assert "\n" not in text
    assert "NaN" not in text
    assert json.loads(text) == content
    assert content["solutions"][0]["shift"]["correlation"] is None


def test_result_survives_the_round_trip(make_result: MakeResult) -> None:
    result = make_result()
    again = from_document(json.loads(to_json(document(result))))
    assert document(again) == document(result)
    before, after = result.solutions[0].refinement, again.solutions[0].refinement
    np.testing.assert_array_equal(before.assignment.hkl, after.assignment.hkl)
    np.testing.assert_array_equal(before.assignment.two_theta_calc_deg, after.assignment.two_theta_calc_deg)
    np.testing.assert_allclose(before.candidate.metric, after.candidate.metric, rtol=1e-12)
    assert result.peaks is not None
    assert again.peaks is not None
    np.testing.assert_array_equal(result.peaks.height_over_noise, again.peaks.height_over_noise)


def test_whole_pattern_survives_the_round_trip(make_result: MakeResult) -> None:
    result = make_result()
    found = WholePattern(
        r_wp=0.081, r_exp=0.07, chi2=1.34, bits=-12.5, n_reflections=98, n_foreign=1, two_theta_range_deg=(10.0, 62.5)
    )
    first = result.solutions[0].replace(whole_pattern=found)
    content = document(replace(result, solutions=(first, *result.solutions[1:])))
    assert content["solutions"][0]["whole_pattern"]["two_theta_range_deg"] == [10.0, 62.5]
    again = from_document(json.loads(to_json(content)))
    assert again.solutions[0].whole_pattern == found
    assert again.solutions[1].whole_pattern is None
    del content["solutions"][0]["whole_pattern"]  # as an earlier version wrote it
    assert from_document(content).solutions[0].whole_pattern is None


def test_failed_document_round_trip() -> None:
    content = failed_document("x", ["no such file"])
    assert content["status"] == "failed"
    assert content["reasons"] == ["no such file"]
    assert content["solutions"] == []
    assert document(from_document(content)) == content


@pytest.mark.parametrize("damage", [{"schema": "other/1"}, {"peaks": {"two_theta_deg": [1.0]}}, {"solutions": [{}]}])
def test_damaged_document_is_refused(make_result: MakeResult, damage: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"schema|incomplete or damaged"):
        from_document({**document(make_result()), **damage})
