from pathlib import Path

import pytest

from training.bundling.bundle_file import described


def test_paths_of_the_file_start_in_its_folder_and_options_go_before_it(tmp_path: Path) -> None:
    file = tmp_path / "bundle.yaml"
    file.write_text("name: orders\nprogram: model.pt2\nfeature_service: order_v1\n")
    (tmp_path / "preprocess.yaml").touch()

    options = described(file, {"name": None, "program": Path("other.pt2"), "data": None})

    assert options["name"] == "orders"
    assert options["program"] == Path("other.pt2")
    assert options["feature_repo"] == tmp_path / "feature_repo"
    assert options["preprocess"] == tmp_path / "preprocess.yaml"
    assert options["data"] is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: orders\n", "give --program, --feature-service, or write it into .*bundle.yaml"),
        ("[1]", "bundle.yaml must hold a mapping"),
        (
            "{name: a, program: b.pt2, feature_service: c, modles_dir: d}",
            "bundle.yaml: modles_dir: Extra inputs are not permitted",
        ),
    ],
)
def test_what_is_missing_or_mistyped_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "bundle.yaml"
    file.write_text(text)

    with pytest.raises(ValueError, match=problem):
        described(file, {})
