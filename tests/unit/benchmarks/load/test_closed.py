import pytest

from benchmarks.load.closed import parse, require_wrk
from benchmarks.load.result import LoadError

# What wrk prints around the line of its script.
OUTPUT = """Running 3s test @ http://127.0.0.1:8100/predict
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    18.12ms    3.05ms  24.93ms   71.00%
  5391 requests in 3.00s, 1.29MB read
Requests/sec:   1795.44

{"seconds": 3.002000, "answers": 5391, "refused": 91, "errors": 2, "timeouts": 1, \
"p50_us": 18123, "p90_us": 20000, "p99_us": 24926, "max_us": 30000}
"""


def test_a_summary_is_read() -> None:
    found = parse(OUTPUT, cpu_s=0.08)

    assert (found.good, found.refused, found.lost) == (5300, 91, 3)
    assert (found.p50_ms, found.p99_ms) == (18.123, 24.926)
    assert found.rate == pytest.approx(5300 / 3.002)
    assert found.generator_cpu_s == 0.08


@pytest.mark.parametrize("output", ["", "unable to connect to 127.0.0.1:8100 Connection refused"])
def test_an_output_without_a_summary_is_an_error(output: str) -> None:
    with pytest.raises(LoadError, match="no summary"):
        parse(output, cpu_s=0.0)


def test_without_wrk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(LoadError, match="apt-get install wrk"):
        require_wrk()
