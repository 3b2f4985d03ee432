from pathlib import Path

import pytest

from benchmarks.paths import ROOT
from benchmarks.scenarios.profile import areas
from benchmarks.scenarios.profile.areas import by_area, by_function, named
from benchmarks.scenarios.profile.stacks import Call, Stack, parse, total

PACKAGES = "/v/lib/python3.11/site-packages"
SERVER = Call("run_asgi", f"{PACKAGES}/uvicorn/protocols/http/httptools_impl.py", 422)
EDGE = Call("__call__", f"{ROOT}/app/edge/errors.py", 33)
LOOKUP = Call("lookup", f"{ROOT}/deployments/features/lookup.py", 53)
NUMPY = Call("interp", f"{PACKAGES}/numpy/lib/_function_base_impl.py", 9)
LOOP = Call("run", "/v/lib/python3.11/threading.py", 982)


def test_stacks_are_read_as_py_spy_writes_them() -> None:
    raw = "run (a b/threading.py:9);forward (<eval_with_key>.1:16);native 7\nlast (x.py) 3\n"

    assert parse(raw) == [
        Stack(
            (
                Call("run", "a b/threading.py", 9),
                Call("forward", "<eval_with_key>.1", 16),
                Call("native", "", 0),
            ),
            7,
        ),
        Stack((Call("last", "x.py", 0),), 3),
    ]


def test_a_stack_counts_for_each_area_in_it_and_is_owned_by_the_innermost() -> None:
    stacks = [
        Stack((LOOP, SERVER, EDGE, LOOKUP, NUMPY), 6),
        Stack((LOOP, SERVER), 3),
        Stack((LOOP,), 1),
    ]

    shares = {one.name: (one.own, one.inclusive) for one in by_area(stacks)}

    assert total(stacks) == 10
    assert shares["lookup"] == (0.6, 0.6)
    assert shares["edge layers"] == (0.0, 0.6)
    assert shares["HTTP server"] == (0.3, 0.9)
    assert shares[areas.LOOP] == (0.1, 0.1)
    assert sum(own for own, _ in shares.values()) == pytest.approx(1)


def test_the_encoder_in_c_is_known_by_the_line_that_calls_it(tmp_path: Path) -> None:
    source = tmp_path / "app" / "protocols" / "rest.py"
    source.parent.mkdir(parents=True)
    source.write_text("def f():\n    body = _encode(answer)\n")
    encoding, calling = (Call("f", str(source), line) for line in (2, 1))

    shares = {
        one.name: one.own
        for one in by_area(
            [Stack((encoding,), 2), Stack((calling,), 1), Stack((encoding, NUMPY), 1)]
        )
    }

    assert shares["answer encoding"] == 0.5
    assert shares["edge layers"] == 0.5


def test_functions_are_in_the_order_of_their_own_samples() -> None:
    found = by_function([Stack((SERVER, EDGE), 1), Stack((SERVER,), 2), Stack((EDGE, EDGE), 3)], 2)

    assert [(one.name.split(" ")[0], one.own, one.inclusive) for one in found] == [
        ("__call__", 4 / 6, 4 / 6),
        ("run_asgi", 2 / 6, 3 / 6),
    ]


def test_functions_are_named_from_where_python_finds_them() -> None:
    assert named(NUMPY) == "interp (numpy/lib/_function_base_impl.py)"
    assert named(LOOKUP) == "lookup (deployments/features/lookup.py)"
    assert named(LOOP) == "run (threading.py)"
    assert named(Call("native", "", 0)) == "native"


def test_nothing_sampled_is_no_share() -> None:
    assert all(one.own == 0 for one in by_area([]))


def test_the_areas_of_this_repository_are_there() -> None:
    fragments = [one for paths in areas.AREAS_BY_PATH.values() for one in paths]
    own = [one for one in fragments if one.startswith(("/app/", "/deployments/"))]

    assert own
    assert not [one for one in own if not (ROOT / one.strip("/")).exists()]


def test_the_longest_path_says_the_area() -> None:
    paths = ("/app/serving/coalescer.py", "/app/serving/contract.py", "/app/serving/answers.py")

    found = [areas.area_of(Call("f", f"{ROOT}{path}", 1)) for path in paths]

    assert found == ["coalescer", "contract decode", areas.ANSWERS]
