import json
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import (
    GOLDEN,
    LATEST,
    MANIFEST,
    BundleError,
    BundleStore,
    column_dtypes,
)
from deployments.columns import Integers
from deployments.model_id import ModelId
from tests.support.example import NAME, Example
from tests.support.manifests import PREPROCESS, PROGRAM

NEWEST = ModelId(NAME, LATEST)


def edit(folder: Path, **changes: object) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(document | changes))


def test_latest_stands_for_the_version_it_names(bundles: BundleStore, example: Example) -> None:
    assert bundles.resolve(NEWEST) == example.id
    assert bundles.open(NEWEST).manifest.version == example.version


def test_any_other_version_is_itself(bundles: BundleStore) -> None:
    other = ModelId(NAME, "20200101T000000-00000000")

    assert bundles.resolve(other) == other


def test_versions_are_those_with_a_manifest_in_order(
    bundles: BundleStore, folder: Path, example: Example
) -> None:
    for name in ("2", "1", "unfinished"):
        (folder.parent / name).mkdir()
    for name in ("2", "1"):
        (folder.parent / name / MANIFEST).write_text("{}")

    assert bundles.versions(NAME) == ["1", "2", example.version]


def test_without_a_pointer_it_says_what_to_run(bundles: BundleStore, folder: Path) -> None:
    (folder.parent / LATEST).unlink()

    with pytest.raises(BundleError, match=rf"no bundle of '{NAME}' in .*windsock bundle"):
        bundles.open(NEWEST)


def test_a_pointer_to_nothing_names_what_there_is(
    bundles: BundleStore, folder: Path, example: Example
) -> None:
    (folder.parent / LATEST).write_text("gone")

    with pytest.raises(BundleError, match=rf"no version 'gone' .*\(there: {example.version}\)"):
        bundles.open(NEWEST)


@pytest.mark.parametrize("file", [PROGRAM, PREPROCESS, GOLDEN])
def test_a_missing_file_is_named(bundles: BundleStore, folder: Path, file: str) -> None:
    (folder / file).unlink()

    with pytest.raises(BundleError, match=f"{file} is missing: write it again"):
        bundles.open(NEWEST)


@pytest.mark.parametrize("file", [PROGRAM, PREPROCESS, GOLDEN])
def test_a_file_of_which_one_bit_changed_is_named(
    bundles: BundleStore, folder: Path, file: str
) -> None:
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)

    with pytest.raises(BundleError, match=f"{file} is damaged"):
        bundles.open(NEWEST)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 1}'], ids=["empty", "cut", "list", "incomplete"]
)
def test_a_manifest_of_another_form_is_named(
    bundles: BundleStore, folder: Path, content: str
) -> None:
    (folder / MANIFEST).write_text(content)

    with pytest.raises(BundleError, match=r"manifest\.json is not a manifest of this format"):
        bundles.open(NEWEST)


def test_a_manifest_of_a_later_format_is_refused(bundles: BundleStore, folder: Path) -> None:
    edit(folder, format=2)

    with pytest.raises(BundleError, match="not a manifest of this format"):
        bundles.open(NEWEST)


def test_a_manifest_with_a_part_that_is_not_known_is_refused(
    bundles: BundleStore, folder: Path
) -> None:
    edit(folder, colour="green")

    with pytest.raises(BundleError, match="not a manifest of this format"):
        bundles.open(NEWEST)


def test_a_manifest_that_forgets_a_file_is_refused(bundles: BundleStore, folder: Path) -> None:
    edit(folder, files={PROGRAM: "0", PREPROCESS: "0"})

    with pytest.raises(BundleError, match=rf"lists no {GOLDEN}"):
        bundles.open(NEWEST)


def test_a_contract_that_was_edited_is_refused(
    bundles: BundleStore, folder: Path, example: Example
) -> None:
    service = example.manifest.service.model_dump()
    service["views"]["shelf"]["ttl_s"] = 1e9
    edit(folder, service=service)

    with pytest.raises(BundleError, match=r"manifest\.json was edited"):
        bundles.open(NEWEST)


def test_a_renamed_version_is_refused(bundles: BundleStore, folder: Path, example: Example) -> None:
    folder.rename(folder.with_name("20300101T000000-00000000"))

    with pytest.raises(BundleError, match=f"holds 'store_orders' version '{example.version}'"):
        bundles.open(ModelId(NAME, "20300101T000000-00000000"))


def test_the_bundle_of_another_model_is_refused(folder: Path, example: Example) -> None:
    folder.parent.rename(folder.parent.with_name("flights"))

    with pytest.raises(BundleError, match=r"holds 'store_orders' .*: it was renamed"):
        BundleStore(folder.parent.parent).open(ModelId("flights", example.version))


def test_golden_rows_have_the_columns_that_a_request_and_its_features_have(
    bundles: BundleStore,
) -> None:
    bundle = bundles.open(NEWEST)
    golden = bundle.golden()

    assert golden.columns.keys() == column_dtypes(bundle.manifest).keys()
    assert golden.columns["customer_id"].dtype == np.int64
    assert isinstance(golden.columns["quantity"], Integers)
    assert golden.columns["buyer__favourite"].dtype == object
    assert np.isnan(golden.columns["recipient__last_order_at"]).any()
    assert {name: values.shape for name, values in golden.outputs.items()} == {
        "return_probability": (64,),
        "delivery_days": (64, 4),
    }
