"""An ONNX graph of standard operators, ready to run: a program, or a preprocessing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

try:
    import ml_dtypes
    import onnx
    import onnxruntime
except ModuleNotFoundError as error:
    raise RuntimeError(
        f"ONNX files need {error.name}, which is not installed: pip install 'windsock-server[onnx]'"
    ) from error
from google.protobuf.message import DecodeError, Message

STANDARD = ("", "ai.onnx", "ai.onnx.ml")
"""The domains of operators that are run: what computes the same wherever ONNX is run."""
CPU, CUDA = ("CPUExecutionProvider",), "CUDAExecutionProvider"
NUMBERS = {
    "float": "float32",
    "double": "float64",
    **{name: name for name in ("float16", "bfloat16", "bool")},
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""NumPy's names of what tensors hold, by ONNX's."""

Float = Literal["float32", "float16", "bfloat16"]

_SHOWN = 300
_PLACES = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .* failed:"
    r"|/\S+\.(?:cc|h):\d+ [^()]*\(.*?\)(?: const)? "
)


class OnnxTensor(NamedTuple):
    """An input or output of a graph."""

    name: str
    dtype: str
    """NumPy's name, ``bfloat16`` or ``string``; what is no such tensor as ONNX Runtime has it, as
    ``seq(map(int64,tensor(float)))``."""
    shape: tuple[int | None, ...]
    """None where it may be any number; empty where the graph does not say."""

    @property
    def rows(self) -> int | None:
        """How many it is made for, None for any number."""
        return self.shape[0] if self.shape else None

    @property
    def problem(self) -> str | None:
        """Why it cannot be an output that is read, and what to do; None where it can."""
        if self.dtype.startswith("seq(map("):
            return "convert the classifier with the option zipmap=False, for a tensor of its scores"
        if self.dtype == "bfloat16":
            return "cast it to float in the graph, since NumPy has no such numbers"
        if self.dtype != "string" and self.dtype not in NUMBERS.values():
            return "it must be a tensor of numbers or text"
        return None


class OnnxGraph:
    """A graph, from a file or its content, which ``providers`` of ONNX Runtime run, with
    ``threads`` of CPU.

    Raises ValueError for what is no ONNX file, uses other operators than the standard ones, keeps
    weights in other files, or cannot be loaded.
    """

    def __init__(
        self, source: Path | bytes, *, threads: int = 1, providers: Sequence[Any] = CPU
    ) -> None:
        parts = _standard_parts(source)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for the next batch in a loop take the processor from other replicas.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what fails raises, too; the log has it from there
        try:
            # Without fallback: that prints, and goes on elsewhere than the options ask for.
            self._session = onnxruntime.InferenceSession(
                source, options, providers=list(providers), enable_fallback=0
            )
        except Exception as error:
            raise ValueError(
                f"{_named(source)} is no graph that onnxruntime {onnxruntime.__version__} can "
                f"load: {reason(error)}"
            ) from error
        self.inputs = [_tensor(one) for one in self._session.get_inputs()]
        self.outputs = [_tensor(one) for one in self._session.get_outputs()]
        self.coarsest = _coarsest(parts)
        """The float of the fewest bits that it computes in: float32, float16 or bfloat16."""

    @property
    def providers(self) -> list[str]:
        """Those that took it: one that finds no device of its kind does not."""
        return list(self._session.get_providers())

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Any]) -> list[npt.NDArray[Any]]:
        """These outputs, for arrays of the dtypes and shapes that it takes. Raises ValueError with
        what ONNX Runtime says where it fails."""
        try:
            found: list[npt.NDArray[Any]] = self._session.run(outputs, inputs)
        except Exception as error:  # its errors have no class in common
            raise ValueError(reason(error)) from error
        return found


def has_cuda() -> bool:
    """Whether the ONNX Runtime installed here is the one for GPUs, of which there may be none."""
    return CUDA in onnxruntime.get_available_providers()


def bfloat16(values: npt.NDArray[Any]) -> onnxruntime.OrtValue:
    """Values as a graph takes them that wants such numbers, which NumPy has not: by their bits."""
    bits = values.astype(ml_dtypes.bfloat16).view(np.uint16)
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, onnx.TensorProto.BFLOAT16)


def reason(error: Exception) -> str:
    """What ONNX Runtime says, in one line, without its codes and where in its sources it is."""
    said = _PLACES.sub("", str(error).strip())
    return (said or type(error).__name__).splitlines()[0][:_SHOWN]


def parsed(source: Path | bytes) -> onnx.ModelProto:
    """What a file holds. Raises ValueError for what is no ONNX file."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        return onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ValueError(f"{_named(source)} is no ONNX file") from error


def _named(source: Path | bytes) -> str:
    return "the content" if isinstance(source, bytes) else str(source)


def _standard_parts(source: Path | bytes) -> list[Any]:
    """Its nodes and tensors, which are all of standard operators, and all there."""
    model = parsed(source)
    made_here = {(function.domain, function.name) for function in model.functions}
    parts = list(_parts(model))
    for part in parts:
        if isinstance(part, onnx.NodeProto):
            known = part.domain in STANDARD or (part.domain, part.op_type) in made_here
            if not known:
                raise ValueError(
                    f"{_named(source)} uses the operator {part.op_type} of {part.domain!r}, and "
                    "only the standard ones, of ai.onnx and ai.onnx.ml, are run"
                )
        elif part.data_location == onnx.TensorProto.EXTERNAL:
            raise ValueError(
                f"{_named(source)} keeps {part.name!r} in another file: save it in one, with "
                "onnx.save_model(..., save_as_external_data=False)"
            )
    return parts


def _coarsest(parts: Sequence[Any]) -> Float:
    kinds = {
        onnx.helper.get_node_attr_value(part, "to")
        if isinstance(part, onnx.NodeProto)
        else part.data_type
        for part in parts
        if isinstance(part, onnx.TensorProto) or part.op_type == "Cast"
    }
    if onnx.TensorProto.BFLOAT16 in kinds:
        return "bfloat16"
    return "float16" if onnx.TensorProto.FLOAT16 in kinds else "float32"


def _parts(message: Message) -> Iterator[Any]:
    """The nodes and tensors in it, at any depth: those of functions and of the graphs of loops and
    branches, too."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if field.is_repeated else [value]:
            if isinstance(part, (onnx.NodeProto, onnx.TensorProto)):
                yield part
            if not isinstance(part, onnx.TensorProto):
                yield from _parts(part)


def _tensor(argument: Any) -> OnnxTensor:
    found = re.fullmatch(r"tensor\((\w+)\)", argument.type)
    kind = found[1] if found else argument.type
    shape = tuple(size if isinstance(size, int) else None for size in argument.shape)
    return OnnxTensor(argument.name, NUMBERS.get(kind, kind), shape)
