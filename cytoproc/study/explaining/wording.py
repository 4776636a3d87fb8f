"""An explanation as text for a person: short lines, from the file down to the numbers."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from cytoproc.model.paths import ROOT, split_path
from cytoproc.study.explaining.explanation import Explanation
from cytoproc.study.explaining.formulas import shown, ten_digits
from cytoproc.study.explaining.gates import ExplainedGate
from cytoproc.study.explaining.intervals import ExplainedInterval
from cytoproc.study.explaining.numbers import ExplainedNumber

__all__ = ["render_explanation"]

_WIDTH = 96
_SHORT = 12
_ALARM = (
    "!!! A NUMBER ABOVE IS NOT WHAT ITS FORMULA GIVES (marked !!!).",
    "!!! DO NOT SIGN IT. RUN THE STUDY AGAIN; IF IT STAYS SO, REPORT IT.",
)


def render_explanation(explanation: Explanation, *, width: int = _WIDTH) -> list[str]:
    """Return the lines of an explanation, most of them no wider than `width`; formulas are not broken."""
    text = _Text(width)
    name = split_path(explanation.path)[-1]
    text.add(f"{name} of sample {explanation.sample_id}")
    text.add("=" * len(text.lines[0]))
    for title, write in (
        ("The file", _file),
        ("Spillover", _spillover),
        (f"The gates, from all events to {name}", _gates),
        ("The numbers", _numbers),
        ("What was noticed", _flags),
        ("Made by", _made_by),
    ):
        text.add("", title, "-" * len(title))
        write(text, explanation)
    if not explanation.agrees:
        text.add("", *_ALARM)
    return text.lines


class _Text:
    """Lines that are wrapped as they are added."""

    def __init__(self, width: int) -> None:
        self.lines: list[str] = []
        self._width = width

    def add(self, *lines: str) -> None:
        """Add lines as they are."""
        self.lines += lines

    def wrap(self, text: str, indent: int = 2, hang: int = 2) -> None:
        """Add a text, wrapped; its further lines stand `hang` to the right."""
        first, rest = " " * indent, " " * (indent + hang)
        self.lines += textwrap.wrap(
            text,
            max(self._width, indent + hang + 20),
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _file(text: _Text, e: Explanation) -> None:
    line = e.line
    names, digests = line.text("fcs_file").split(";"), line.text("fcs_sha256").split(";")
    for name, digest in zip(names, digests, strict=True) if len(names) == len(digests) else ():
        text.wrap(f"{name}, SHA-256 {digest[:_SHORT]}...")
    if len(names) != len(digests):  # a file's own name has a semicolon
        text.wrap(f"{line.text('fcs_file')}, SHA-256 {line.text('fcs_sha256')}")
    where = [f"{e.n_in_file} events"]
    where += [f"cytometer {line.text('instrument')}"] if line.text("instrument") else []
    where += [f"blood drawn {line.text('collection_dtc')}"] if line.text("collection_dtc") else []
    text.wrap(", ".join(where))
    if e.n_in_root < e.n_in_file:
        text.wrap(f"{e.n_in_file - e.n_in_root} events are left out: a value that is not a finite number")
    repairs = e.entry.get("repairs") or []
    for repair in repairs:
        text.wrap(f"repaired: {repair.get('code')}: {repair.get('message')}")
    if not repairs:
        text.wrap("nothing had to be repaired to read it")


def _spillover(text: _Text, e: Explanation) -> None:
    matrices = e.entry.get("spillover") or []
    for matrix in matrices:
        digest = str(matrix.get("sha256"))[:_SHORT]
        text.wrap(f"undone with {matrix.get('source')} ({matrix.get('name')}), SHA-256 {digest}...")
    if not matrices:
        text.wrap("no matrix was undone: the template gates the channels as measured, or none needs it")


def _gates(text: _Text, e: Explanation) -> None:
    text.wrap(f"template {e.template.name} {e.template.version}; cuts are linear values, the numbers on a plot's axis")
    names = _names([*e.gates, *e.other_gates])
    room = max(map(len, ["all events", *names.values()])) + 2
    text.add(f"  {'all events':<{room}}{e.n_in_root:>9}")
    for gate in e.gates:
        _gate(text, gate, names, room)
    if e.other_gates:
        text.add("", "  and, for what the numbers are shares of or counted by:")
        for gate in e.other_gates:
            _gate(text, gate, names, room)


def _gate(text: _Text, gate: ExplainedGate, names: dict[str, str], room: int) -> None:
    of = "all events" if gate.parent == ROOT else names.get(gate.parent, gate.parent)
    share = "" if gate.percent_of_parent is None else f", {gate.percent_of_parent:.4g} %"
    text.add(f"  {names[gate.path]:<{room}}{gate.n_out:>9} of {gate.n_in} ({of}){share}")
    text.wrap(gate.in_words, indent=6)


def _names(gates: Sequence[ExplainedGate]) -> dict[str, str]:
    """Return the last name of each population; its path where two have the same."""
    last = {g.path: split_path(g.path)[-1] for g in gates}
    times = Counter(last.values())
    return {path: name if times[name] == 1 else path for path, name in last.items()}


def _numbers(text: _Text, e: Explanation) -> None:
    needed = [n.limits.of_events for n in e.numbers if n.limits]
    said_once = needed[0] if needed and all(lines == needed[0] for lines in needed) else ()
    for line in said_once:
        text.wrap(line)
    if said_once:
        text.add("")
    computed = [n for n in e.numbers if n.statistic != "MFI"]
    for i, number in enumerate(computed):
        if i:
            text.add("")
        _number(text, number, indent=2, said=said_once)
    intensities = [n for n in e.numbers if n.statistic == "MFI"]
    if intensities:
        text.add("", "  intensities (linear, compensated), read from the events themselves")
    for number in intensities:
        text.wrap(f"{number.marker} {shown(number.value)} ({number.status}, reported as: {number.reported})", 4)


def _number(text: _Text, number: ExplainedNumber, *, indent: int, said: Sequence[str] = ()) -> None:
    space, inner = " " * indent, indent + 2
    title = _title(number)
    text.add(f"{space}{title}: {number.status}, reported as: {number.reported}")
    _formula(text, number, inner)
    if number.interval:
        _interval(text, number.interval, number.unit, inner)
    elif number.statistic == "ABS" and not math.isnan(number.value):
        text.wrap("no interval: the error of what it is computed from, the blood count, is not known", inner)
    if number.limits:
        for line in number.limits.of_events if number.limits.of_events != said else ():
            text.wrap(line, inner)
        for line in number.limits.in_the_unit:
            text.wrap(line, inner)
    text.wrap(f"why {number.status}: {number.why}", inner)
    for fact in number.facts:
        text.wrap(fact, inner)
    if number.counted:
        _counted(text, number.counted, inner)


def _title(number: ExplainedNumber) -> str:
    match number.statistic:
        case "COUNT":
            return "Events"
        case "PCT":
            return f"Percent of {split_path(number.of)[-1]}"
        case _:
            return f"Concentration, {number.unit}"


def _formula(text: _Text, number: ExplainedNumber, indent: int) -> None:
    space, formula = " " * indent, number.formula
    if formula is None:
        has = "there is no value" if math.isnan(number.value) else f"value {shown(number.value)} {number.unit}"
        text.wrap(has, indent)
        return
    if number.statistic == "COUNT":
        text.add(f"{space}value = {formula.symbols} = {shown(number.value)} {number.unit}")
    else:
        text.add(f"{space}value = {formula.symbols}")
        text.add(f"{space}      = {formula.with_values}")
        text.add(f"{space}      = {shown(number.value)} {number.unit}")
    if not math.isclose(formula.value, number.value, rel_tol=1e-9, abs_tol=1e-300):
        text.add(f"{space}!!! the formula gives {shown(formula.value)}, the table says {shown(number.value)}")
    text.wrap(f"with {'; '.join(formula.where)}", indent + 2, hang=5)
    if formula.volume:
        text.wrap(f"blood looked at: V = {formula.volume} = {ten_digits(number.v_eff_ul)} µL", indent)


def _interval(text: _Text, interval: ExplainedInterval, unit: str, indent: int) -> None:
    space = " " * indent
    ends = f"{shown(interval.low)} to {shown(interval.high)} {unit}"
    text.wrap(f"{100 * interval.level:g} % interval = {ends}, {interval.name}", indent)
    for line in interval.lines:
        text.wrap(line, indent + 2, hang=4)
    if interval.spreadsheet:
        text.add(f"{space}  in a spreadsheet:")
        text.add(*(f"{space}    {formula}" for formula in interval.spreadsheet))
    for line in interval.by_hand:
        text.wrap(line, indent + 2, hang=4)
    if interval.again and interval.agrees is False:
        low, high = interval.again
        text.add(f"{space}!!! computed again it is {shown(low)} to {shown(high)}")


def _counted(text: _Text, counted: ExplainedNumber, indent: int) -> None:
    space, name = " " * indent, split_path(counted.path)[-1]
    text.add("", f"{space}C comes from the counted tube: {name} of sample {counted.sample_id}")
    _number(text, counted, indent=indent + 2)
    text.wrap(f"its gates: explain {name} of sample {counted.sample_id}", indent + 4)


def _flags(text: _Text, e: Explanation) -> None:
    for code, message in e.flags:
        text.wrap(f"{code}: {message}")
    if not e.flags:
        text.wrap("nothing that concerns these numbers")
    if e.n_other_flags:
        text.wrap(f"{e.n_other_flags} more about other populations: see the columns qc_flags and comment of {e.table}")


def _made_by(text: _Text, e: Explanation) -> None:
    line, template = e.line, e.template
    for words in _origins(line.text("software_version"), line.text("run_id")):
        text.wrap(words)
    text.wrap(f"template {template.name} {template.version}, SHA-256 {template.digest[:_SHORT]}...")
    text.wrap(f"numbers from {e.table}, which is as the run wrote it (SHA-256 in record.json)")
    if e.changed:
        text.wrap(f"changed since the run, and not used here: {', '.join(e.changed)}")


def _origins(version: str, run_id: str) -> Iterator[str]:
    yield f"cytoproc {version}" + (f", run {run_id}" if run_id else "")
