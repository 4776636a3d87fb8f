import numpy as np
import pytest

from cytoproc.testing.transforms import TransformContract
from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle


class TestIdentity(TransformContract):
    @pytest.fixture
    def transform(self):
        return Identity()


class TestLinear(TransformContract):
    @pytest.fixture(params=[Linear(t=262144, a=0), Linear(t=1000, a=100)], ids=str)
    def transform(self, request):
        return request.param


class TestLog(TransformContract):
    @pytest.fixture(params=[Log(t=262144, m=4.5), Log(t=10000, m=5)], ids=str)
    def transform(self, request):
        return request.param


class TestFlowJoLog(TransformContract):
    @pytest.fixture
    def transform(self):
        return FlowJoLog(offset=1, decades=4.5)

    @pytest.fixture
    def points(self):
        return np.geomspace(1, 1e6, 101)  # below the floor nothing comes back


class TestAsinh(TransformContract):
    @pytest.fixture(params=[Asinh(262144, 4.5, 0), Asinh(1000, 4, 1), AsinhCofactor(150), AsinhCofactor(5)], ids=str)
    def transform(self, request):
        return request.param


class TestLogicle(TransformContract):
    @pytest.fixture(
        params=[Logicle(), Logicle(w=0), Logicle(w=2.25), Logicle(a=1), Logicle(1000, 1, 4, -0.5), Logicle(a=-0.5)],
        ids=str,
    )
    def transform(self, request):
        return request.param


class TestHyperlog(TransformContract):
    @pytest.fixture(params=[Hyperlog(262144, 0.5, 4.5, 0), Hyperlog(1000, 1, 4, 0), Hyperlog(1e4, 0.01, 4, 1)], ids=str)
    def transform(self, request):
        return request.param


class TestBiex(TransformContract):
    @pytest.fixture(
        params=[Biex(), Biex(-10, 4.5), Biex(-31.6, 4.5, 0.5, channel_range=256), Biex(-1000, 4.5, 1)], ids=str
    )
    def transform(self, request):
        return request.param
