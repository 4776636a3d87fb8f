"""Two other programs that read FCS files, each asked for one thing: what a data set holds, as stored.

FlowIO and fcsparser are libraries of other authors, so what they have in common with our reader is the standard alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cytoproc.errors import SecondReaderError

__all__ = ["SECOND_READERS", "Reading", "read_with_fcsparser", "read_with_flowio"]

_FCSPARSER = "0.2.4"
_FCSPARSER_API = "dcbf2b0349e4c350"  # how the SHA-256 of its api.py begins


@dataclass(frozen=True, slots=True)
class Reading:
    """What a program says a data set holds.

    Parameters
    ----------
    names
        `$PnN`, in file order.
    values
        As stored, before gain, amplifier and compensation: shape (events, channels).
    keywords
        By name, upper case, with their `$` if the program keeps it; values as text.
    """

    names: tuple[str, ...]
    values: np.ndarray[Any, Any]
    keywords: Mapping[str, str]


def read_with_flowio(path: Path, dataset: int) -> Reading:
    """Return what FlowIO reads. It is told to go on where HEADER and TEXT disagree, else it refuses many files.

    Raises
    ------
    SecondReaderError
        If it does not read the file, with what it says.
    """
    with _saying("FlowIO", path):
        start = 0
        for _ in range(dataset - 1):
            start += int(_flow_data(path, start, only_text=True).text["nextdata"])
        data = _flow_data(path, start)
        values = np.asarray(data.as_array(preprocess=False))
        keywords = {name.upper(): str(value) for name, value in data.text.items()}
        return Reading(tuple(data.pnn_labels), values, keywords)


def _flow_data(path: Path, start: int, *, only_text: bool = False) -> Any:
    """Return what FlowIO makes of the data set that begins at a byte; it leaves a file open that it does not read."""
    import flowio  # noqa: PLC0415 - only who asks for it loads it

    with path.open("rb") as file:
        return flowio.FlowData(
            file,
            ignore_offset_error=True,
            ignore_offset_discrepancy=True,
            only_text=only_text,
            nextdata_offset=start,
        )


def read_with_fcsparser(path: Path, dataset: int) -> Reading:
    """Return what fcsparser reads.

    Version 0.2.4 calls `newbyteorder` on big-endian data, which numpy 2 took away; it is given back while it reads.
    That what is replaced is what was looked at is checked first.

    Raises
    ------
    SecondReaderError
        If it does not read the file, with what it says; or if it is not the version that this was written for.
    """
    from fcsparser import api  # noqa: PLC0415

    with _as_with_numpy_1(api), _saying("fcsparser", path):
        parser = api.FCSParser(str(path), data_set=dataset - 1)
        data = np.asarray(parser.data)
        if data.dtype.names:
            data = np.stack([data[name].astype(np.float64) for name in data.dtype.names], axis=1)
        keywords = {n.upper(): str(v) for n, v in parser.annotation.items() if not n.startswith("__")}
        return Reading(tuple(parser.get_channel_names()), data, keywords)


SECOND_READERS: Mapping[str, Callable[[Path, int], Reading]] = {
    "flowio": read_with_flowio,
    "fcsparser": read_with_fcsparser,
}


@contextmanager
def _saying(program: str, path: Path) -> Iterator[None]:
    """Turn whatever a program raises on a file into an error that says so, and keep its warnings to itself."""
    log = logging.getLogger(program.lower())
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        said = f"{type(error).__name__}: {error}".replace(str(path), path.name)
        message = f"{program} does not read {path.name}: {said}"
        raise SecondReaderError(message) from error
    finally:
        log.setLevel(level)


class _Array(np.ndarray[Any, Any]):
    """An array as numpy 1 had it."""

    def newbyteorder(self) -> np.ndarray[Any, Any]:
        """Return the same bytes in the other order."""
        return self.view(self.dtype.newbyteorder())


@contextmanager
def _as_with_numpy_1(api: Any) -> Iterator[None]:
    """Have fcsparser read arrays that know `newbyteorder`.

    Raises
    ------
    SecondReaderError
        If fcsparser's code is not the one that this was written for: it could replace nothing, or too much.
    """
    version = importlib.metadata.version("fcsparser")
    digest = hashlib.sha256(Path(api.__file__).read_bytes()).hexdigest()
    if version != _FCSPARSER or not digest.startswith(_FCSPARSER_API):
        message = (
            f"fcsparser {version} (api.py {digest[:16]}) is not the {_FCSPARSER} ({_FCSPARSER_API}) that its adapter "
            f"was written for; install that one (pip install fcsparser=={_FCSPARSER}), or compare with flowio"
        )
        raise SecondReaderError(message)
    plain = api.fromfile
    api.fromfile = lambda *args, **more: plain(*args, **more).view(_Array)
    try:
        yield
    finally:
        api.fromfile = plain
