"""What all tests share."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

settings.register_profile("everyday", derandomize=True, deadline=None)
settings.load_profile("everyday")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files; the test is skipped where it is absent."""
    folder = Path(os.environ.get("CYTOPROC_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder of real files at {folder}; set CYTOPROC_SHARED")
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the project."""
    return REPOSITORY


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`: write what was counted into tests/golden/, to be read as a diff."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, object], object]:
    """Give what tests/golden/NAME.json holds; with --update-golden, write the value into it first."""

    def stored(name: str, value: object) -> object:
        path = REPOSITORY / "tests/golden" / f"{name}.json"
        if request.config.getoption("--update-golden"):
            path.write_text(json.dumps(value, indent=2, ensure_ascii=True) + "\n", encoding="utf-8")
        return json.loads(path.read_text(encoding="utf-8"))

    return stored
