"""Two other readers, made to answer one question: which values does this file store?"""

from cytoproc.comparison import second_readers
from cytoproc.errors import SecondReaderError


def _answer(reader, path, data_set):
    try:
        found = second_readers.SECOND_READERS[reader](path, data_set)
    except SecondReaderError:
        return None
    return list(found.names), found.values


def read_with_flowio(path, data_set=1):
    """Return names and stored values, or None where FlowIO does not read the file."""
    return _answer("flowio", path, data_set)


def read_with_fcsparser(path, data_set=1):
    """Return names and stored values, or None where fcsparser does not read the file."""
    return _answer("fcsparser", path, data_set)
