"""Made-up measurements."""

from benchmarks.contender import Family
from benchmarks.load.result import LoadResult
from benchmarks.processes import Memory
from benchmarks.samples import Sample
from benchmarks.scenarios.compare.results import Results, Start


def load(rate: float = 100.0, p50: float = 1.0, p99: float = 2.0, **given: float) -> LoadResult:
    values = {
        "seconds": 2.0,
        "good": int(rate * 2),
        "refused": 0,
        "lost": 0,
        "p50_ms": p50,
        "p90_ms": p99,
        "p99_ms": p99,
        "max_ms": p99,
        "generator_cpu_s": 0.1,
    }
    return LoadResult(**(values | given))  # type: ignore[arg-type]


def sample(door: str, level: str = "c=128", round_: int = 1, **given: float) -> Sample:
    return Sample(door, level, round_, load(**given), server_cpu_s=1.0)


def results(families: dict[str, Family], *samples: Sample) -> Results:
    return Results({}, families, list(samples))


def start(door: str, rss_mb: float = 1000.0, ready_s: float = 5.0) -> Start:
    return Start("a", (door,), 1, ready_s, Memory(10, rss_mb, rss_mb / 2))
