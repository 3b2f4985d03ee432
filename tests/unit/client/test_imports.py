import subprocess
import sys


def test_a_client_needs_nothing_heavy() -> None:
    """pandas comes with the first frame; Ray and torch are the server's."""
    heavy = {"app", "deployments", "numpy", "pandas", "ray", "torch"}
    code = f"import sys, windsock; print(sorted({heavy!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_what_is_exported_is_there() -> None:
    code = "from windsock import *; import windsock; print(set(windsock.__all__) <= set(globals()))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True"
