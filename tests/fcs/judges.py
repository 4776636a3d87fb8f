"""Two other readers, made to answer one question: which values does this file store?"""

import warnings

import numpy as np


class _Array(np.ndarray):
    """An array as numpy 1 had it: fcsparser asks big-endian data for `newbyteorder`, which numpy 2 took away."""

    def newbyteorder(self):
        return self.view(self.dtype.newbyteorder())


def read_with_flowio(path, offset=0):
    """Return names and stored values, or None where FlowIO does not read the file. Off-by-one ends are allowed."""
    import flowio

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = flowio.FlowData(
                str(path), ignore_offset_error=True, ignore_offset_discrepancy=True, nextdata_offset=offset
            )
            return data.pnn_labels, data.as_array(preprocess=False)
        except Exception:  # whatever it raises, it does not read the file
            return None


def read_with_fcsparser(path, data_set=0):
    """Return names and stored values, or None where fcsparser does not read the file."""
    from fcsparser import api

    plain = api.fromfile
    api.fromfile = lambda *args, **more: plain(*args, **more).view(_Array)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser = api.FCSParser(str(path), data_set=data_set)
            data = np.asarray(parser.data)
            if data.dtype.names:
                data = np.stack([data[name].astype(np.float64) for name in data.dtype.names], axis=1)
            return list(parser.get_channel_names()), data
    except Exception:  # whatever it raises, it does not read the file
        return None
    finally:
        api.fromfile = plain
