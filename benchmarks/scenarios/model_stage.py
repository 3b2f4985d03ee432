"""The model stage by itself: time and rows a second by size of batch, against the floor."""

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode
from typer import Option

from benchmarks.machine import processor
from benchmarks.paths import ROOT
from benchmarks.runner import Outcome, Publish, Quick, console, finish, measuring
from benchmarks.tables import Table
from deployments.bundle.bundle import Bundle, BundleStore
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.load import load
from deployments.model.backends.staging import host_memory
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_export import pick_device, read
from deployments.model.backends.torch_program import Program
from deployments.model.golden_rows import Run, golden_frame, prove, repeated
from deployments.model.options import ModelOptions, Precision
from deployments.model_id import ModelId

SIZES = [1, 4, 16, 64, 256, 1024, 4096]
ROUNDS = 15
ROUND_S = 0.02

Models = Annotated[Path, Option(help="Where bundles lie.")]
Name = Annotated[str, Option(help="One of the models there.")]


def model_stage(
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    name: Name = "flight_delay",
    models: Models = ROOT / "models",
    quick: Quick = False,
    publish: Publish = False,
) -> int:
    """The model by itself, on CPU or GPU: time and rows a second by size of batch."""
    torch.set_num_threads(1)
    rounds = 3 if quick else ROUNDS
    with measuring("model-stage", {"sizes": SIZES, "rounds": rounds}, loads=False) as run:
        on = pick_device(device)
        bundle = BundleStore(models).open(ModelId(name, "latest"))
        runs = variants(bundle, on)
        floor = Floor(bundle, on)
        frame, _ = golden_frame(bundle)
        times = {}
        for size in SIZES:
            run.say(f"{size} rows")
            batch = repeated(frame, size)
            times[size] = {**medians(runs, batch, rounds), "floor": floor.seconds(batch)}
    columns = ["rows", *(f"{each}: ms, rows/s" for each in (*runs, "floor"))]
    rows = [
        [f"{size:,}", *(f"{took * 1e3:.3f}, {size / took:,.0f}" for took in by_name.values())]
        for size, by_name in times.items()
    ]
    title = f"{bundle.manifest.name} on {card(on)}, torch {torch.__version__}"
    about = run.about | {"floor": str(floor)}
    outcome = Outcome("model-stage", about, [Table(title, columns, rows)], {"seconds": times})
    return finish(outcome, run.folder, publish=publish)


def variants(bundle: Bundle, device: torch.device) -> dict[str, Run]:
    """The ways to run the program on this device, each proven on the golden rows first."""
    if device.type == "cpu":
        served = load(bundle, ModelOptions(device="cpu")).run
        return {"module()": as_exported(bundle), "as served": served}
    names = [output.name for output in bundle.manifest.outputs]
    exported, example = read(bundle.program, device), golden_frame(bundle)[0]
    plain = TorchRuntime(Program(exported, names, example, device), device)
    most = max(SIZES)
    made: dict[str, tuple[Precision, Run]] = {"one copy an array": ("float32", plain.run)}
    for precision in ("float32", "bfloat16"):
        for graphs in ("off", "on"):
            how = ModelOptions(precision=precision, cuda_graphs=graphs, cuda_graph_rows=most)
            name = f"{precision}, {'graphs' if graphs == 'on' else 'eager'}"
            made[name] = (precision, load(bundle, how).run)
    for name, (precision, run) in made.items():
        console.print(f"{name}: golden rows off by {prove(bundle, run, precision, SIZES):.1g}")
    return {name: run for name, (_, run) in made.items()}


def as_exported(bundle: Bundle) -> Run:
    """The program as ``torch.export`` gives it, on CPU."""
    module = read(bundle.program, torch.device("cpu")).module()
    names = [output.name for output in bundle.manifest.outputs]

    @torch.inference_mode()
    def run(frame: TensorFrame) -> Outputs:
        answers = module(*map(torch.from_numpy, frame.inputs.values()))
        listed = answers if isinstance(answers, (tuple, list)) else (answers,)
        return {name: one.float().numpy() for name, one in zip(names, listed, strict=True)}

    return run


def medians(runs: Mapping[str, Run], batch: TensorFrame, rounds: int) -> dict[str, float]:
    """Seconds a batch, the variants taking turns so that a busy machine slows all alike."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            took[name].append(seconds_each(partial(run, batch)))
    return {name: statistics.median(times) for name, times in took.items()}


def seconds_each(call: Callable[[], object]) -> float:
    """Seconds a call, over as many as fit into a round, until a GPU has done with them; some before
    them are not counted."""
    timed = Timer("call()", globals={"call": call}).blocked_autorange(min_run_time=ROUND_S)
    return timed.median


class Floor:
    """The time that the device needs at least: what the program multiplies and adds, at the rate
    of a large matrix product in float32, and on a GPU the bytes each way at the rate of a large
    copy from and to pinned memory."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        self._program = load(bundle, ModelOptions(device="cpu"))
        outputs = golden_frame(bundle)[1].values()
        self._outputs = sum(values[0].size for values in outputs)
        self._flops = product_rate(device)
        self._bytes = copy_rate(device) if device.type == "cuda" else float("inf")

    def seconds(self, batch: TensorFrame) -> float:
        with FlopCounterMode(display=False) as counter:
            self._program.run(batch)
        moved = sum(one.nbytes for one in batch.inputs.values()) + 4 * self._outputs * batch.rows
        seconds: float = counter.get_total_flops() / self._flops + moved / self._bytes
        return seconds

    def __str__(self) -> str:
        copies = "" if self._bytes == float("inf") else f" and {self._bytes / 1e9:.1f} GB/s"
        return f"at {self._flops / 1e9:,.0f} GFLOP/s in float32{copies}, measured here"


def product_rate(device: torch.device) -> float:
    """Operations a second in a product of two large matrices."""
    size = 8192 if device.type == "cuda" else 1024
    left, right = (torch.rand(size, size, device=device) for _ in range(2))
    return 2 * size**3 / best(lambda: torch.mm(left, right))


def copy_rate(device: torch.device) -> float:
    """Bytes a second to the device, in one large copy from pinned memory."""
    host = host_memory([2**26], torch.uint8, device)
    return host.nbytes / best(lambda: host.to(device, non_blocking=True))


def best(call: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls."""
    return min(seconds_each(call) for _ in range(ROUNDS))


def card(device: torch.device) -> str:
    """The name of the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"one thread of {processor()}"
