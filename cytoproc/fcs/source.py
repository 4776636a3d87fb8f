"""The file that is read: opened with care, and read in pieces."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from cytoproc.fcs.repairs import Findings

__all__ = ["Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """An open file, to be used in a `with` statement, which closes it.

    Parameters
    ----------
    path
        Where it is.
    file
        Open, without a buffer.
    size
        Bytes.
    """

    path: Path
    file: BinaryIO
    size: int

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return an ordinary file, open for reading. A pipe or a device would make the reader wait; it is refused.

        Raises
        ------
        FCSError
            FCS_CANNOT_OPEN.
        """
        findings = Findings(path.name or str(path))
        try:
            status = path.stat()
            file = path.open("rb", buffering=0) if stat.S_ISREG(status.st_mode) else None
        except (OSError, ValueError) as error:  # a ValueError where the name holds a NUL
            findings.refuse("FCS_CANNOT_OPEN", f"cannot be opened: {getattr(error, 'strerror', None) or error}.")
        if file is None:
            findings.refuse("FCS_CANNOT_OPEN", "is no ordinary file.")
        return cls(path, file, status.st_size)

    def __enter__(self) -> Self:
        """Hand over the file."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.file.close()

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from byte `start` on; fewer where the file ends, none of a negative length."""
        if length <= 0:
            return b""
        self.file.seek(start)
        data = self.file.read(length)
        while len(data) < length and (more := self.file.read(length - len(data))):
            data += more
        return data

    def fill(self, buffer: npt.NDArray[np.generic]) -> None:
        """Fill a contiguous array with the next bytes of the file.

        Raises
        ------
        FCSError
            FCS_CHANGED if the file has fewer: it was longer when its layout was checked.
        """
        left = buffer.reshape(-1).view(np.uint8).data
        while left:
            n_read = self.file.readinto(left)  # type: ignore[attr-defined]  # a raw file has it
            if not n_read:
                Findings(self.path.name).refuse("FCS_CHANGED", "ended while events were read.")
            left = left[n_read:]
