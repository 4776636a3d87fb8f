"""Facts about the project itself that no tool checks."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cytoproc.version import __version__

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
PACKAGE = REPOSITORY / "cytoproc"
ROOMS = sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py")) + sorted(p.stem for p in PACKAGE.glob("[a-z]*.py"))

RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = [Requirement(text) for texts in PROJECT["project"]["optional-dependencies"].values() for text in texts]

# A place on one person's machine: a folder under a root that no project has.
MACHINE_PATH = re.compile(r"(?<![\w.:/~}-])/(?:home|root|Users|work|mnt|opt)/\w")

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-CMU",
    "PSF-2.0",
    "Zlib",
    # as classifiers and older packages write them
    "Apache Software License",
    "BSD 2-Clause License",
    "BSD 3-Clause License",
    "BSD License",
    "ISC License",
    "ISC License (ISCL)",
    "MIT License",
    "Python Software Foundation License",
}
USED_BY_IMPORT_ALONE = {"pebble"}  # under the LGPL, which asks nothing of who imports it


def committed_texts() -> list[Path]:
    """Return every text file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]
    return [f for f in files if f.is_file() and b"\0" not in f.read_bytes()]


def test_no_committed_text_names_a_place_on_somebodys_machine():
    found = [
        f"{file.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for file in committed_texts()
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


def test_constraints_are_plain_sorted_pins():
    odd = [line for line in CONSTRAINTS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)]

    assert odd == []
    assert sorted(CONSTRAINTS, key=str.casefold) == CONSTRAINTS


@pytest.mark.parametrize("requirement", [*RUNTIME, *EXTRAS], ids=str)
def test_every_direct_dependency_is_pinned_within_its_bounds(requirement):
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in CONSTRAINTS)}

    assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def runtime_distributions() -> list[importlib.metadata.Distribution]:
    """Return what is installed because cytoproc needs it, directly or not."""
    found, waiting = {}, list(RUNTIME)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = importlib.metadata.distribution(name)
        waiting += [Requirement(text) for text in found[name].requires or []]
    return [found[name] for name in sorted(found)]


def licences(distribution: importlib.metadata.Distribution) -> list[str]:
    """Return the licences a package states: as an SPDX expression, else in classifiers, else in words."""
    meta = distribution.metadata
    if expression := meta.get("License-Expression"):
        return [word for word in re.split(r"[\s()]+", expression) if word not in {"", "AND", "OR"}]
    classifiers = [c.split(" :: ")[-1] for c in meta.get_all("Classifier", []) if c.startswith("License :: ")]
    return classifiers or (meta.get("License") or "not stated").strip().splitlines()[:1]


def test_everything_that_is_needed_to_run_has_a_permissive_licence():
    stated = {d.name: licences(d) for d in runtime_distributions()}

    refused = {name: said for name, said in stated.items() if not said or not set(said) <= PERMISSIVE}
    refused = {name: said for name, said in refused.items() if name.casefold() not in USED_BY_IMPORT_ALONE}

    assert len(stated) > len(RUNTIME)
    assert refused == {}


def test_the_newest_version_of_the_changelog_is_the_packages():
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")

    versions = re.findall(r"^## \[?(\d[^\]\s]*)", changelog, re.MULTILINE)

    assert versions[0] == __version__


def test_every_room_has_a_place_in_the_import_contract():
    layers = [[name.strip(" ()") for name in layer.split("|")] for layer in CONTRACTS[0]["layers"]]

    homeless = set(ROOMS) - {"version"} - {name for layer in layers for name in layer}

    assert homeless == set()


def test_every_room_that_computes_is_kept_from_plots_pages_and_command_lines():
    layers = [[name.strip(" ()") for name in layer.split("|")] for layer in CONTRACTS[0]["layers"]]
    study = next(rank for rank, layer in enumerate(layers) if "study" in layer)
    computing = {f"cytoproc.{name}" for layer in layers[study:] for name in layer if name in ROOMS}

    assert computing - set(CONTRACTS[1]["source_modules"]) == set()


@pytest.mark.parametrize(
    "room",
    [
        *sorted({"fcs", "compensation", "transforms", "gates", "templates", "qc", "study"} & set(ROOMS)),
        "study.processing",
    ],
)
def test_a_worker_loads_nothing_heavy(room):
    heavy = {"flowkit", "matplotlib", "pandas", "pyarrow", "scipy.stats", "sklearn", "xlsxwriter"}
    code = f"import sys, cytoproc.{room}; print(*sorted({heavy!r} & set(sys.modules)))"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []
