"""The two rules of the checks between numbers, put together of what the checks use, many numbers at once."""

import numpy as np

from cytoproc.quantify.agreement import difference, stands_out, sum_expected


def estimates_differ(a, b, *, tolerance):
    """Return where two estimates are further apart than the tolerance times their mean, and than chance explains."""
    apart, limit = difference(a, b), tolerance * (a.value + b.value) / 2
    return stands_out(apart.value, limits=(-limit, limit), chance=(apart.value - apart.high, apart.value - apart.low))


def sum_differs(n_parts, n_whole, *, between=(0.90, 1.10), target=(0.95, 1.05), level=0.99):
    """Return where parts are not between two parts of their whole, nor of what chance makes of the target."""
    limits = tuple(edge * np.asarray(n_whole) for edge in between)
    return stands_out(n_parts, limits=limits, chance=sum_expected(n_whole, target=target, level=level))
