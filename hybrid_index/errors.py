"""The exception tree. Everything the package raises on purpose is a :class:`HybridIndexError`.

::

    HybridIndexError
    ├── InputError            the user's data or settings: names the field, the value, the remedy
    │   ├── FileFormatError   a file that cannot be read as what it claims to be
    │   └── WavelengthError   no wavelength, or one that cannot be
    ├── OutputError           a result that could not be written
    └── WorkerError           the processes that should do the work cannot be started

"No trusted cell" is not an error: it is the ``status`` of an indexing result.
"""

from __future__ import annotations


class HybridIndexError(Exception):
    """Base class of all errors raised on purpose."""


class InputError(HybridIndexError, ValueError):
    """Bad input, told in one sentence: where (file or argument), what, and what would do.

    Parameters
    ----------
    message
        What is wrong and what would be right.
    source
        File, option or argument in which it was found.
    """

    def __init__(self, message: str, *, source: str | None = None) -> None:
        self.message = message
        self.source = source
        super().__init__(f"{source}: {message}" if source else message)

    def at(self, source: str) -> InputError:
        """Return the same error with *source* named, if none was named yet."""
        return self if self.source else type(self)(self.message, source=source)


class FileFormatError(InputError):
    """A file that cannot be read as any format known here."""


class WavelengthError(InputError):
    """The wavelength is missing, or physically impossible for diffraction."""


class OutputError(HybridIndexError, OSError):
    """A result could not be written; nothing was left half-written."""


class WorkerError(HybridIndexError, RuntimeError):
    """Processes that should do the work cannot be started, whatever the input."""
