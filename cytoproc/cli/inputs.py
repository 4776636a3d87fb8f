"""The study, or the bare files, that a command is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cytoproc.errors import UsageError

if TYPE_CHECKING:
    from cytoproc.study.definition import Study

__all__ = ["read_inputs"]


def read_inputs(
    inputs: list[Path], template: str | None, dataset: int | None, *, strict: bool, needs_template: bool = True
) -> Study:
    """Return the study that the arguments of a command mean: a study, or bare files with one template.

    Raises
    ------
    UsageError
        If they mean none, or several at a time.
    """
    from cytoproc.study.definition import read_study, study_of_files
    from cytoproc.study.manifest import manifest_of_files
    from cytoproc.templates.reading import read_template
    from cytoproc.templates.shipped import find_template

    first = inputs[0] / "study.yaml" if inputs[0].is_dir() else inputs[0]
    if len(inputs) == 1 and first.suffix.lower() in {".yaml", ".yml"} and (first.is_file() or not inputs[0].is_dir()):
        if template is not None:
            msg = f"{first} is a study and names its templates itself; leave --template out"
            raise UsageError(msg)
        if dataset is not None:
            msg = f"{first} is a study; its manifest names data sets in a column 'dataset', so leave --dataset out"
            raise UsageError(msg)
        study = read_study(first)
        return replace(study, strict=study.strict or strict)
    studies = [p for p in inputs if p.suffix.lower() in {".yaml", ".yml"} or (p / "study.yaml").is_file()]
    if studies:
        msg = f"{studies[0]} is a study and is given alone; give the other files apart, with --template"
        raise UsageError(msg)
    if template is None and (needs_template or not all(p.exists() for p in inputs)):
        missing = [p for p in inputs if not p.exists()]
        if missing:
            msg = f"there is no file or folder {missing[0]}"
            raise UsageError(msg)
        unfinished = [p for p in inputs if (p / "manifest.csv").is_file()]
        if unfinished:
            msg = f"{unfinished[0]} has a manifest.csv and no study.yaml; write one that begins: study: NAME"
            raise UsageError(msg)
        msg = (
            "bare FCS files need a template: add --template FILE (see: cytoproc templates list, cytoproc templates new)"
        )
        raise UsageError(msg)
    files = [f for path in inputs for f in (_fcs_files(path) if path.is_dir() else [path])]
    return study_of_files(
        "files",
        manifest_of_files(files),
        read_template(find_template(template, Path())) if template is not None else None,
        dataset=dataset,
        strict=strict,
    )


def _fcs_files(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".fcs", ".lmd"} and p.is_file())
    if not files:
        msg = f"folder {folder} holds neither a study.yaml nor any .fcs or .lmd file"
        raise UsageError(msg)
    return files
