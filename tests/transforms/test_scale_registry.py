import pytest

from cytoproc.errors import ScaleError
from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle
from cytoproc.transforms.registry import OTHER_FORMS, SCALES, make_transform, parameters_of

WRITTEN = [
    ("linear", {}, Identity()),
    ("linear", {"t": 1000, "a": 100}, Linear(1000, 100)),
    ("log", {"t": 10000, "m": 5}, Log(10000, 5)),
    ("log", {"offset": 1, "decades": 4.5}, FlowJoLog(1, 4.5)),
    ("asinh", {"cofactor": 150}, AsinhCofactor(150)),
    ("asinh", {"t": 262144, "m": 4.5, "a": 0}, Asinh(262144, 4.5, 0)),
    ("logicle", {"w": 1}, Logicle(262144, 1, 4.5, 0)),
    ("hyperlog", {"t": 1000, "w": 1, "m": 4, "a": 0}, Hyperlog(1000, 1, 4, 0)),
    ("biex", {"width_basis": -10, "channel_range": 256}, Biex(-10, channel_range=256)),
]


@pytest.mark.parametrize(("kind", "parameters", "scale"), WRITTEN)
def test_a_scale_is_made_of_its_name_and_parameters(kind, parameters, scale):
    assert make_transform(kind, parameters) == scale


@pytest.mark.parametrize("scale", [scale for *_, scale in WRITTEN], ids=str)
def test_what_a_scale_is_made_of_makes_it_again(scale):
    parameters = parameters_of(scale)

    assert make_transform(scale.kind, parameters) == scale
    assert all(type(value) is float for value in parameters.values())


def test_every_form_is_filed_under_its_own_kind():
    forms = [(kind, form) for kind, form in SCALES.items()]
    forms += [(kind, form) for kind, others in OTHER_FORMS.items() for form in others]

    assert all(form.kind == kind for kind, form in forms)
    assert {form for _, form in forms} == {type(scale) for *_, scale in WRITTEN}


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("logical", {}, "there is no scale 'logical' (did you mean 'logicle'?); the scales are: linear, log, asinh,"),
        ("viridis", {}, "there is no scale 'viridis'; the scales are"),
        ("logicle", {"W": 1}, "logicle scale: unknown parameter 'W' (did you mean 'w'?). It takes {t, w, m, a}."),
        ("asinh", {"cofacter": 5}, "'cofacter' (did you mean 'cofactor'?); parameter 'cofactor' is missing"),
        ("asinh", {"t": 1000, "m": 4}, "parameter 'a' is missing. It takes {t, m, a} or {cofactor}."),
        ("hyperlog", {"t": 1}, "parameter 'w' is missing; parameter 'm' is missing; parameter 'a' is missing"),
        ("log", {"t": "10", "m": True}, "t must be a finite number, it is '10'; m must be a finite number, it is True"),
        ("log", {"t": float("inf"), "m": 4}, "t must be a finite number, it is inf"),
        ("logicle", {"w": 9}, "w must be between 0 and m / 2 = 2.25"),
    ],
)
def test_what_makes_no_scale_is_refused_with_what_to_do(kind, parameters, says):
    with pytest.raises(ScaleError) as caught:
        make_transform(kind, parameters)

    assert says in str(caught.value)
