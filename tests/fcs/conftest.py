"""What the tests of FCS files share."""

import pytest

from tests.fcs.builder import fcs_bytes


@pytest.fixture
def write(tmp_path):
    """A function that writes a file of the builder's, or of bytes, and returns its path."""

    def write_parts(raw=None, /, **parts):
        path = tmp_path / "tube.fcs"
        path.write_bytes(fcs_bytes(**parts) if raw is None else raw)
        return path

    return write_parts
