"""The results as pages for the documentation."""

from pathlib import Path

from benchmarks.plot import plot
from benchmarks.report import tables
from benchmarks.results import Results


def write(results: Results, folder: Path) -> None:
    """``tables.md``, ``latency.png`` and ``results.json``, over those of the last time."""
    folder.mkdir(parents=True, exist_ok=True)
    page = "\n".join(table.markdown() for table in tables(results))
    (folder / "tables.md").write_text(page)
    plot(results, folder / "latency.png")
    results.write(folder / "results.json")
