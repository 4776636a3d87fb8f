"""One name for what went into a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from cytoproc.model.results import SampleResult
from cytoproc.study.definition import Study, describe
from cytoproc.version import __version__

__all__ = ["run_id"]

_N_DIGITS = 16


def run_id(results: Sequence[SampleResult], study: Study) -> str:
    """Return the id of a run: the same for the same version, study, manifest, templates and files, and for no other.

    The first 16 hexadecimal digits of the SHA-256 of cytoproc's version, the study's description, and the fingerprint
    of every file with the data set that was read. No clock and no host is in it, so to compute a run again gives its
    id again.
    """
    files = sorted((r.sample_id, r.file, r.sha256, r.dataset) for r in results)
    inputs = {"cytoproc": __version__, **describe(study), "files": files}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:_N_DIGITS]
