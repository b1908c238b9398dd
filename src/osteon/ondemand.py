"""An output of an ONNX graph that is computed only when it is asked for.

onnxruntime runs every node of a graph whichever outputs are fetched; `only_execute_path_to_fetches`
works in its builds for training alone. So the nodes go into a branch.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def defer(graph: onnx.GraphProto, output: str, switch: str) -> None:
    """Compute `output` where the new input `switch`, by default false, is true; else it is empty.

    The output is of floats, and of as many rows as the graph has inputs; empty means no rows.
    """
    others = _leading_to([value.name for value in graph.output if value.name != output], graph)
    moved = [node for node in graph.node if others.isdisjoint(node.output)]
    branches = {"then_branch": _then(moved, output), "else_branch": _else(graph, output)}
    kept = [node for node in graph.node if not others.isdisjoint(node.output)]
    chosen = helper.make_node("If", [switch], [output], **branches)
    gone = {name for node in moved for name in node.output}
    described = [value for value in graph.value_info if value.name not in gone]
    for field, content in ((graph.node, [*kept, chosen]), (graph.value_info, described)):
        copied = [type(one).FromString(one.SerializeToString()) for one in content]
        del field[:]
        field.extend(copied)
    graph.input.append(helper.make_tensor_value_info(switch, TensorProto.BOOL, []))
    graph.initializer.append(numpy_helper.from_array(np.zeros((), bool), switch))


def _leading_to(outputs: list[str], graph: onnx.GraphProto) -> set[str]:
    """Name all values that some outputs need, themselves included."""
    makers = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(makers[name].input if name in makers else ())
    return found


def _then(nodes: list[onnx.NodeProto], output: str) -> onnx.GraphProto:
    # No name may occur both in a branch and around it.
    wanted = f"{output}_computed"
    last = helper.make_node("Identity", [f"{output}_inside"], [wanted])
    inside = []
    for node in nodes:
        copied = onnx.NodeProto.FromString(node.SerializeToString())
        for names in (copied.input, copied.output):
            names[:] = [f"{output}_inside" if name == output else name for name in names]
        inside.append(copied)
    value = helper.make_tensor_value_info(wanted, TensorProto.FLOAT, None)
    return helper.make_graph([*inside, last], "asked", [], [value])


def _else(graph: onnx.GraphProto, output: str) -> onnx.GraphProto:
    [described] = [value for value in graph.output if value.name == output]
    shape = [0, *(size.dim_value for size in described.type.tensor_type.shape.dim[1:])]
    name = f"{output}_empty"
    nothing = helper.make_node("Constant", [], [name], value=numpy_helper.from_array(
        np.zeros(shape, np.float32)))
    value = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    return helper.make_graph([nothing], "not_asked", [], [value])
