import pytest
import torch

from deployments.model.backends.load import load
from deployments.model.backends.torch_export import pick_device
from deployments.model.options import Device, ModelOptions
from tests.support.example import Example


def test_auto_takes_a_gpu_only_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_not_silently_replaced() -> None:
    with pytest.raises(RuntimeError, match="this replica sees no GPU: set num_gpus or device: cpu"):
        pick_device("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_precision_for_gpus_is_not_silently_another_on_cpu(
    example: Example, device: Device
) -> None:
    with pytest.raises(RuntimeError, match="precision: bfloat16 is for GPUs"):
        load(example.bundle, ModelOptions(device=device, precision="bfloat16"))


@pytest.mark.parametrize("threads", [2, 1])
def test_the_threads_of_a_forward_pass_are_those_configured(example: Example, threads: int) -> None:
    load(example.bundle, ModelOptions(device="cpu", threads=threads))

    assert torch.get_num_threads() == threads
