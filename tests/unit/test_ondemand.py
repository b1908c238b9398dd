"""An output that is not asked for costs nothing, and one that is asked for is what it was."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from osteon import ondemand

ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


def _session(shape):
    """Give double = 2 x, and reshaped, which is of twice the double and fails for most shapes."""
    nodes = [helper.make_node("Add", ["x", "x"], ["double"]),
             helper.make_node("Add", ["double", "double"], ["fourfold"]),
             helper.make_node("Reshape", ["fourfold", "shape"], ["reshaped"])]
    graph = helper.make_graph(
        nodes, "test", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("double", TensorProto.FLOAT, ["batch", 3]),
         helper.make_tensor_value_info("reshaped", TensorProto.FLOAT, ["rows", shape[1]])],
        [numpy_helper.from_array(np.array(shape), "shape")],
        value_info=[helper.make_tensor_value_info("fourfold", TensorProto.FLOAT, ["batch", 3])])
    ondemand.defer(graph, "reshaped", "wanted")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(model.SerializeToString())


NO, YES = np.zeros((), bool), np.ones((), bool)


@pytest.mark.parametrize(("given", "reshaped"), [
    ({}, np.zeros((0, 2))),
    ({"wanted": NO}, np.zeros((0, 2))),
    ({"wanted": YES}, [[0, 4], [8, 12], [16, 20]]),
], ids=["by default", "no", "yes"])
def test_it_is_given_where_it_is_asked_for(given, reshaped):
    double, found = _session((3, 2)).run(None, {"x": ROWS, **given})
    assert double.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert np.array_equal(found, reshaped)


def test_what_is_not_asked_for_is_not_computed():
    session = _session((7, 7))
    [double] = session.run(["double"], {"x": ROWS})
    assert double.tolist() == [[0, 2, 4], [6, 8, 10]]
    with pytest.raises(Fail, match="Reshape"):
        session.run(["reshaped"], {"x": ROWS, "wanted": YES})
