"""All files of a service that is to be, of what was given and what is asked for."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployments.columns import Column
from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError, ServicePlan
from deployments.features.resolve import resolve
from deployments.features.store.feast import FeatureStore
from deployments.model.backends.base import Signature
from training.bundling.bundle import training_columns
from training.bundling.contract_file import ContractField, ContractFile, ContractOutput
from training.bundling.init.columns import Columns
from training.bundling.init.config import bundle_text, serve_text
from training.bundling.init.contract import contract_text, made
from training.bundling.init.matching import bare, matched
from training.bundling.init.preprocess import preprocess_text
from training.bundling.program import backend_of
from training.bundling.store_rows import store_rows

Ask = Callable[[str, str, str | None], str]
"""Asks whoever runs this: the option that would have told it, the question, the usual answer."""

_UNNAMED = "output_"


class InitError(Exception):
    """What was given makes no service; the message says in one sentence what is wrong."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is known beforehand; None and nothing is asked for, but for ``data``, the training
    set. ``inputs`` are the columns of inputs of the program."""

    name: str | None = None
    feature_repo: Path | None = None
    feature_store_yaml: Path | None = None
    feature_service: str | None = None
    program: Path | None = None
    outputs: Sequence[str] = ()
    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    data: Path | None = None


@dataclass(frozen=True, slots=True)
class Drafts:
    """Texts by the names of their files, and what is odd."""

    files: dict[str, str]
    warnings: list[str]


def drafts(folder: Path, given: Given, ask: Ask) -> Drafts:
    """The files for ``folder``. Raises InitError."""
    try:
        return _drafts(folder, given, ask)
    except FileNotFoundError as error:
        raise InitError(f"there is no file {error.filename}") from error
    except (ServiceError, ValueError, OSError, RuntimeError) as error:
        raise InitError(str(error)) from error


def _drafts(folder: Path, given: Given, ask: Ask) -> Drafts:
    name = given.name or ask("--name", "Name of the model", folder.resolve().name)
    repo = given.feature_repo or Path(
        ask("--feature-repo", "Folder of the Feast repo", _only(folder, "feature_store.yaml"))
    )
    store = open_store(repo, given.feature_store_yaml)
    service = given.feature_service or _service(store, ask)
    plan = resolve(store, service)
    program = given.program or Path(
        ask("--program", "Program file (.pt2 or .onnx)", _only(folder, "*.pt2", "*.onnx"))
    )
    signature = backend_of(program)[1].signature(program)
    outputs = given.outputs or _outputs(signature, ask)
    if len(outputs) != len(signature.outputs):
        raise ValueError(
            f"the program has {len(signature.outputs)} outputs, and {len(outputs)} are named: "
            f"{', '.join(outputs)}"
        )
    values, warnings = _values(given, repo, plan)
    columns = Columns(plan.schema, values)

    preprocess: dict[str, str] = {}
    if given.inputs or not bare(program, signature.inputs, columns):
        chosen = matched(signature.inputs, columns, given.inputs)
        preprocess["preprocess.yaml"], problems = preprocess_text(
            program.name, signature.inputs, chosen, columns, learns=given.data is not None
        )
        warnings += [f"preprocess.yaml is to be mended: {problem}" for problem in problems]
    repo_path, yaml_path = _path(folder, repo), _path(folder, given.feature_store_yaml)
    files = {
        "contract.yaml": contract_text(
            service=service,
            description=store.get_feature_service(service).description,
            entities=plan.schema.entities,
            request=plan.schema.request,
            outputs=outputs,
            values=values,
            trained=given.data is not None,
        ),
        **preprocess,
        "bundle.yaml": bundle_text(
            {
                "name": name,
                "feature_repo": repo_path,
                "feature_store_yaml": yaml_path,
                "feature_service": service,
                "program": _path(folder, program),
                "data": _path(folder, given.data),
            }
        ),
        "serve_config.yaml": serve_text(name, str(repo_path), yaml_path),
    }
    return Drafts(files, warnings)


def _only(folder: Path, *patterns: str) -> str | None:
    """The one file of these names at most two folders down, or the folder of a yaml."""
    found: list[Path] = []
    for pattern in patterns:
        for depth in ("", "*/", "*/*/"):
            found += folder.glob(depth + pattern)
    if len(found) != 1:
        return None
    return str(found[0].parent if found[0].suffix == ".yaml" else found[0])


def _service(store: FeatureStore, ask: Ask) -> str:
    names = sorted(one.name for one in store.list_feature_services())
    if not names:
        raise ValueError(
            f"there is no feature service in the registry of {store.repo_path}: define one, and "
            "run `feast apply` there"
        )
    usual = names[0] if len(names) == 1 else None
    return ask("--feature-service", f"Feature service ({', '.join(names)})", usual)


def _outputs(signature: Signature, ask: Ask) -> list[str]:
    """Names of the outputs: the program's own where it has some."""
    names = [one.name for one in signature.outputs]
    if not all(name.startswith(_UNNAMED) for name in names):
        return names
    usual = "prediction" if len(names) == 1 else ",".join(names)
    answer = ask("--output", f"Names of the program's {len(names)} outputs, in order", usual)
    return [name.strip() for name in answer.split(",")]


def _values(given: Given, repo: Path, plan: ServicePlan) -> tuple[dict[str, Column], list[str]]:
    """Rows of the training set, or of the store, and what is odd about them."""
    schema = plan.schema
    if given.data:
        nothing = ContractFile(outputs=[ContractOutput(name="any")])
        return training_columns(given.data, schema, nothing), []
    fields = {
        name: ContractField(name=name, dtype=dtype, example=made(dtype))
        for name, dtype in (schema.entities | schema.request).items()
    }
    rows = store_rows(repo, given.feature_store_yaml, plan, fields)
    return rows.columns, rows.warnings


def _path(folder: Path, path: Path | None) -> str | None:
    """From the folder where it is in there, else absolute."""
    if path is None:
        return None
    absolute = path.resolve()
    inside = absolute.is_relative_to(folder.resolve())
    return os.path.relpath(absolute, folder.resolve()) if inside else str(absolute)
