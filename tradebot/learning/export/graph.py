"""A small ONNX graph under construction: operators are added one by one, each gives the name of what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

OPSET = 17
ML_OPSET = 5  # TreeEnsemble, also in float64
IR_VERSION = 9
ML = "ai.onnx.ml"


class Graph:
    """Nodes and constants in order. A value is known by its name; rows come in as float64 (N, F)."""

    rows = "rows"

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append an operator; the name of its one output."""
        from onnx import helper

        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, array: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def number(self, value: float) -> str:
        """A float64 constant."""
        return self.constant(np.array([value], np.float64))

    def double(self, value: str) -> str:
        return self._cast(value, np.float64)

    def single(self, value: str) -> str:
        return self._cast(value, np.float32)

    def column(self, value: str, index: int) -> str:
        """(N, C) -> (N, 1)."""
        return self.add("Gather", value, self.constant(np.array([index], np.int64)), axis=1)

    def columns(self, value: str, indices: npt.NDArray[np.int64]) -> str:
        """(N, F) -> (N, len(indices)), in their order."""
        return self.add("Gather", value, self.constant(indices.astype(np.int64)), axis=1)

    def void(self, value: str, kind: type[np.generic]) -> str:
        """(N, K) of a kind -> (N, 1) float64: 0 for a row whose numbers are all finite, else NaN, to add to answers."""
        nothing = self.add("Mul", value, self.constant(np.zeros(1, kind)))
        return self.double(self.add("ReduceSum", nothing, self.constant(np.array([1])), keepdims=1))

    def model(self, answer: str, features: int, outputs: int, metadata: dict[str, str], name: str) -> bytes:
        """The file's bytes: `rows` (N, F) float64 to `answer` (N,) float64, or (N, C)."""
        from onnx import TensorProto, checker, helper

        shape: list[int | str] = ["N", outputs] if outputs > 1 else ["N"]
        if outputs == 1:
            answer = self.add("Reshape", answer, self.constant(np.array([-1], np.int64)))
        self._nodes.append(helper.make_node("Cast", [answer], ["answer"], to=TensorProto.DOUBLE))
        graph = helper.make_graph(
            self._nodes, name,
            [helper.make_tensor_value_info(self.rows, TensorProto.DOUBLE, ["N", features])],
            [helper.make_tensor_value_info("answer", TensorProto.DOUBLE, shape)],
            self._constants,
        )  # fmt: skip
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="tradebot")
        helper.set_model_props(model, metadata)
        checker.check_model(model)
        data: bytes = model.SerializeToString()
        return data

    def _cast(self, value: str, kind: type[np.generic]) -> str:
        from onnx import helper

        return self.add("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
