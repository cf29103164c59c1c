from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.errors import InputError
from hybrid_index.training.config import PACKAGED, Recipe, packaged_recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"subject": "cells"}, "'cells' is nothing to learn; known are lines, shifts"),
        ({"stepz": 3}, "recipe, stepz: unknown entry; known are subject, seed, steps"),
        ({"steps": 2.5}, "recipe, steps: 2.5 should be a whole number"),
        ({"batch": True}, "recipe, batch: True should be a whole number"),
        ({"mixed_precision": 1}, "recipe, mixed_precision: 1 should be true or false"),
        ({"steps": 0}, "recipe, steps: 0 is too small"),
        ({"easy_share": 1.5}, "recipe, easy_share: 1.5 is no share"),
        ({"crystal_share": -0.1, "crystals": "x.npz"}, "recipe, crystal_share: -0.1 is no share"),
        ({"crystal_share": 0.5, "crystals": "x.npz", "subject": "shifts"}, "'shifts' learns from random lists only"),
        ({"crystal_share": 0.5}, "recipe, crystals: is missing; name a file of crystals"),
        ({"kept": 0.5}, "recipe, start: is missing; name a folder of weights"),
        ({"learning_rate": float("nan")}, "recipe, learning_rate: nan would not learn"),
        ({"seed": 2**40}, "recipe, seed: .* is out of range"),
        ({"architecture": 3}, "recipe, architecture: 3 should be a table"),
        ({"architecture": {"width": 100, "heads": 8}}, "recipe, width: 100 is no multiple of heads = 8"),
        ({"architecture": {"labels": [5, 5]}}, r"recipe, labels: \[5, 5\] should be 6 numbers"),
        ({"architecture": {"labels": ["a"]}}, "recipe, labels: 'a' should be a whole number"),
        ({"subject": "shifts", "architecture": {"heads": 8}}, "recipe, heads: unknown entry; known are width, depth"),
        ({"subject": "shifts", "architecture": {"depth": 0}}, "recipe, depth: 0 is too small"),
    ],
)
def test_a_bad_recipe_is_told_by_its_entry(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Recipe.from_mapping(values)


def test_a_file_that_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .* give a TOML file, or one of known, lines, shifts"):
        Recipe.from_toml(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("steps = ")
    with pytest.raises(InputError, match=r"bad\.toml: is not valid TOML"):
        Recipe.from_toml(tmp_path / "bad.toml")


@pytest.mark.parametrize("name", PACKAGED)
def test_recipes_of_the_package_survive_a_round_trip(name: str) -> None:
    recipe = packaged_recipe(name)
    assert recipe.subject == {"known": "lines"}.get(name, name)
    assert Recipe.from_mapping(recipe.as_dict()) == recipe


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(steps=100, warm_up_steps=10, cool_down_steps=20, learning_rate=2.0)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx([0.2 * n for n in range(1, 11)])
    assert set(rates[10:80]) == {2.0}
    assert rates[80:] == pytest.approx([0.1 * n for n in range(20, 0, -1)])


def test_a_run_may_be_prolonged_or_ended_early_before_it_cools_down() -> None:
    recipe = Recipe(steps=100, cool_down_steps=20)
    longer, shorter = replace(recipe, steps=200), replace(recipe, steps=60, cool_down_steps=10)
    assert longer.goes_on_from(recipe, 80)
    assert not longer.goes_on_from(recipe, 81)
    assert shorter.goes_on_from(recipe, 50)
    assert not shorter.goes_on_from(recipe, 51)
    assert recipe.goes_on_from(recipe, 95)
    assert not replace(recipe, seed=2).goes_on_from(recipe, 0)
