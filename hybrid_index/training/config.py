"""What a training run is made of: a frozen recipe, read from TOML."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from hybrid_index.errors import InputError
from hybrid_index.neural.labels import FAMILIES
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.shift_reader import ReaderArchitecture

RECIPES = Path(__file__).parent / "recipes"
PACKAGED = tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))
"""Names of the recipes that the package brings."""
LAST_SEED = 2**32
"""Seeds of recipes are below; those of validation and of benchmarks lie far beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run.

    Parameters
    ----------
    subject
        What learns: ``"lines"``, the network of lattices and labels, or ``"shifts"``, the reader of shifts.
    seed
        Of the first weights and of all line lists.
    steps, batch
        Steps of the optimiser, and lists in each.
    learning_rate, warm_up_steps, cool_down_steps
        Highest rate; steps over which it rises to that, and at the end falls to nothing.
    weight_decay, clip
        Of AdamW; largest norm of a gradient.
    easy_share
        Share of the lists with small shifts and few faults (``batches.EASY``); the others have large ones.
    crystals, crystal_share
        File of known crystals (``python -m benchmarks.known_crystals``), and share of the lists that are of these.
    start, kept
        Folder of weights that the run starts from instead of fresh ones, and the share of these in the weights at its
        end: so little of what they knew is lost (M. Wortsman et al. 2022, doi:10.1109/CVPR52688.2022.00780).
    wide_steps
        The first steps see lists with their whole shift; those after see lists whose shift is known nearly, as it is
        once the shift reader was asked.
    validate_every, checkpoint_every
        Steps between validations, and between checkpoints.
    validation_lists
        Lists of each validation: always the same ones, that training never sees.
    mixed_precision
        Whether matrices are multiplied in bfloat16; weights, optimisers and losses are always float32.
    architecture
        Sizes of the network.
    """

    subject: str = "lines"
    seed: int = 1
    steps: int = 20_000
    batch: int = 256
    learning_rate: float = 1.5e-3
    warm_up_steps: int = 200
    cool_down_steps: int = 4000
    weight_decay: float = 0.01
    clip: float = 1.0
    easy_share: float = 0.6
    crystals: str = ""
    crystal_share: float = 0.0
    start: str = ""
    kept: float = 0.0
    wide_steps: int = 0
    validate_every: int = 500
    checkpoint_every: int = 250
    validation_lists: int = 2048
    mixed_precision: bool = True
    architecture: Architecture | ReaderArchitecture = field(default_factory=Architecture)

    def __post_init__(self) -> None:
        if not isinstance(self.architecture, _architecture_of(self.subject)):
            raise InputError(f"is not the architecture of a network for {self.subject!r}", source="architecture")
        for name in ("batch", "validate_every", "checkpoint_every", "validation_lists", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{getattr(self, name)} is too small; give 1 or more", source=name)
        for name in ("warm_up_steps", "cool_down_steps", "wide_steps", "weight_decay"):
            if getattr(self, name) < 0:
                raise InputError(f"{getattr(self, name)} is below 0; give 0 or more", source=name)
        for name in ("learning_rate", "clip"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise InputError(f"{getattr(self, name)} would not learn; give more than 0", source=name)
        for name in ("easy_share", "crystal_share", "kept"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"{getattr(self, name)} is no share; give 0 to 1", source=name)
        if self.crystal_share > 0.0 and self.subject != "lines":
            raise InputError(f"the network for {self.subject!r} learns from random lists only", source="crystal_share")
        if self.crystal_share > 0.0 and not self.crystals:
            raise InputError("is missing; name a file of crystals, or let crystal_share be 0", source="crystals")
        if self.kept > 0.0 and not self.start:
            raise InputError("is missing; name a folder of weights, or let kept be 0", source="start")
        if not 0 <= self.seed < LAST_SEED:
            raise InputError(f"{self.seed} is out of range; give 0 to {LAST_SEED - 1}", source="seed")

    def rate(self, step: int) -> float:
        """Learning rate of a step: up, level, down."""
        up = min(1.0, (step + 1) / max(self.warm_up_steps, 1))
        down = min(1.0, (self.steps - step) / max(self.cool_down_steps, 1))
        return self.learning_rate * up * down

    def goes_on_from(self, other: Recipe, step: int) -> bool:
        """Whether *step* steps by another recipe were the same by this one: it may be prolonged or ended early."""
        same = replace(other, steps=self.steps, cool_down_steps=self.cool_down_steps) == self
        return (same and step <= min(r.steps - r.cool_down_steps for r in (self, other))) or self == other

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON and TOML."""
        return {**asdict(self), "architecture": self.architecture.as_dict()}

    @classmethod
    def from_mapping(cls, values: dict[str, Any], *, source: str = "recipe") -> Self:
        """Make a recipe from a dictionary; raises :class:`InputError` naming what is unknown or impossible."""
        values = dict(values)
        shape = values.pop("architecture", {})
        if not isinstance(shape, dict):
            raise InputError(f"{shape!r} should be a table", source=f"{source}, architecture")
        try:
            architecture = _architecture(_architecture_of(values.get("subject", "lines")), shape)
            return cls(**_checked(cls, values), architecture=architecture)
        except InputError as error:
            raise InputError(error.message, source=f"{source}, {error.source}") from error

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a recipe from a TOML file."""
        try:
            with open(path, "rb") as handle:
                values = tomllib.load(handle)
        except OSError as error:
            raise InputError(
                f"cannot be read ({error.strerror}); give a TOML file, or one of {', '.join(PACKAGED)}",
                source=str(path),
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"is not valid TOML: {error}", source=str(path)) from error
        return cls.from_mapping(values, source=str(path))


def packaged_recipe(name: str) -> Recipe:
    """One of the recipes that the package brings, by its name (:data:`PACKAGED`)."""
    return Recipe.from_toml(RECIPES / f"{name}.toml")


_ARCHITECTURES: dict[str, type[Architecture] | type[ReaderArchitecture]] = {
    "lines": Architecture,
    "shifts": ReaderArchitecture,
}
SUBJECTS = tuple(_ARCHITECTURES)


def _architecture_of(subject: object) -> type[Architecture] | type[ReaderArchitecture]:
    if not isinstance(subject, str) or subject not in _ARCHITECTURES:
        raise InputError(f"{subject!r} is nothing to learn; known are {', '.join(SUBJECTS)}", source="subject")
    return _ARCHITECTURES[subject]


def _architecture(
    kind: type[Architecture] | type[ReaderArchitecture], shape: dict[str, Any]
) -> Architecture | ReaderArchitecture:
    made = kind(**_checked(kind, shape))
    for name, size in asdict(made).items():
        if name != "labels" and size < 1:
            raise InputError(f"{size} is too small; give 1 or more", source=name)
    if isinstance(made, Architecture):
        if made.width % made.heads:
            raise InputError(f"{made.width} is no multiple of heads = {made.heads}; make it one", source="width")
        if len(made.labels) != len(FAMILIES) or min(made.labels) < 1:
            raise InputError(
                f"{list(made.labels)} should be {len(FAMILIES)} numbers above 0, for {', '.join(FAMILIES)}",
                source="labels",
            )
    return made


def _checked(kind: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Values for the fields of a class, each of the kind of its default."""
    defaults = {f.name: f.default for f in fields(kind)}
    out = {}
    for name, value in values.items():
        if name not in defaults:
            raise InputError(f"unknown entry; known are {', '.join(defaults)}", source=name)
        out[name] = _of_kind(name, value, defaults[name])
    return out


def _of_kind(name: str, value: object, default: object) -> object:
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_of_kind(name, item, default[0]) for item in value)
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is type(default):
        return value
    words = {bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of whole numbers"}
    raise InputError(f"{value!r} should be {words.get(type(default), 'a word')}", source=name)
