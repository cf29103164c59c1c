"""Start files on the disk: a folder for each target, all of them or nothing."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from hybrid_index.errors import HybridIndexError, InputError, OutputError
from hybrid_index.export.start.contract import Exporter, RefinementStart
from hybrid_index.export.start.registry import ALL, exporters, target_names

_log = logging.getLogger(__name__)


def write_start_files(
    start: RefinementStart, targets: Iterable[str], out_dir: str | Path, *, force: bool = False
) -> dict[str, tuple[Path, ...]]:
    """Write the start files of some programs into ``out_dir/<target>/``.

    Parameters
    ----------
    start
        What :func:`hybrid_index.export.start.prepare` gathered.
    targets
        Names such as ``"topas"``, or ``"all"``.
    out_dir
        A new folder; it appears whole or not at all.
    force
        Replace a folder that an earlier export made.

    Returns
    -------
    dict
        The files of each target.

    Raises
    ------
    InputError
        For an unknown target, or one that needs what the start does not have.
    OutputError
        If the folder exists, or cannot be written.
    """
    out = check_folder(out_dir, force=force)
    contents = _contents(start, tuple(targets))
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        for target, files in contents.items():
            folder = partial / target
            folder.mkdir(parents=True)
            for name, content in files.items():
                (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        _put_in_place(partial, out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error}); choose another folder") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {target: tuple(out / target / name for name in files) for target, files in contents.items()}


def check_folder(out_dir: str | Path, *, force: bool = False) -> Path:
    """Return *out_dir* if an export may be put there, else raise :class:`OutputError`; call it before long work.

    With *force* a folder may be replaced that holds nothing but folders of targets: anything else in it would be lost.
    """
    out = Path(os.path.abspath(out_dir))
    if not out.parent.is_dir():
        raise OutputError(f"{out_dir}: cannot be made: folder {out.parent} does not exist; make it first")
    if not os.path.lexists(out):
        return out
    if not force:
        raise OutputError(f"{out_dir}: exists already; name a new folder, or replace the whole of it with --force")
    foreign = _foreign(out)
    if foreign is not None:
        raise OutputError(
            f"{out_dir}: is not replaced, because {foreign} is not from an export; name a new folder instead"
        )
    return out


def _foreign(out: Path) -> str | None:
    if out.is_symlink() or not out.is_dir():
        return "it"
    known = target_names()
    return next((entry.name for entry in sorted(out.iterdir()) if entry.name not in known or not entry.is_dir()), None)


def _put_in_place(partial: Path, out: Path) -> None:
    if not out.exists():
        partial.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _contents(start: RefinementStart, targets: tuple[str, ...]) -> dict[str, Mapping[str, str | bytes]]:
    """Files of all targets; where all are asked for, those that cannot do this pattern are left out with a warning."""
    contents = {}
    for name, exporter in exporters(targets).items():
        try:
            contents[name] = _files(name, exporter, start)
        except InputError as error:
            if ALL not in targets or error.source == "pattern":
                raise
            _log.warning("%s; it is left out", error)
    return contents


def _files(target: str, exporter: Exporter, start: RefinementStart) -> Mapping[str, str | bytes]:
    try:
        return _checked(target, exporter.files(start))
    except HybridIndexError:
        raise
    except Exception as error:  # other people's code may fail in any way
        raise InputError(
            f"target {target!r} failed ({type(error).__name__}: {error}); leave it out, or repair its package"
        ) from error


def _checked(target: str, files: Mapping[str, str | bytes]) -> Mapping[str, str | bytes]:
    for name, content in files.items():
        if not isinstance(content, str | bytes):
            raise InputError(f"target {target!r} gives {name!r} as {type(content).__name__}; it must be text or bytes")
        if not name or name in (".", "..") or Path(name).name != name:
            raise InputError(f"target {target!r} names a file {name!r}; it must be a plain name without folders")
    return files
