"""`windsock init`: first drafts of a service's files, of a Feast repo and a program."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def init(
    *,
    name: Annotated[str | None, typer.Option(help="name of the model")] = None,
    feature_repo: Annotated[Path | None, typer.Option(help="the Feast repo")] = None,
    feature_store_yaml: Annotated[
        Path | None, typer.Option(help="instead of the repo's feature_store.yaml")
    ] = None,
    feature_service: Annotated[
        str | None, typer.Option(help="name of the service in the Feast registry")
    ] = None,
    program: Annotated[
        Path | None, typer.Option(help="program file (.pt2, of torch.export.save, or .onnx)")
    ] = None,
    output: Annotated[
        list[str] | None, typer.Option(help="name of an output of the program; once for each")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            help="columns of an input of the program, NAME=COLUMN,COLUMN, in the order of "
            "training; where its name or their number does not tell",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="training set (parquet), where there is one: see windsock bundle"),
    ] = None,
    folder: Annotated[Path, typer.Option(help="where the files go")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="overwrite files")] = False,
) -> None:
    """Write contract.yaml, preprocess.yaml, bundle.yaml and serve_config.yaml.

    They are drafts, of what the registry, the stores and the program say: look through them, then
    run windsock bundle, check and up. What is not given is asked for.
    """
    from training.bundling.init.project import Given, InitError, drafts

    given = Given(
        name=name,
        feature_repo=feature_repo,
        feature_store_yaml=feature_store_yaml,
        feature_service=feature_service,
        program=program,
        outputs=output or (),
        inputs=dict(map(_columns, inputs or ())),
        data=data,
    )
    try:
        drafted = drafts(folder, given, _ask)
    except InitError as error:
        raise _refused(str(error)) from error
    paths = [folder / file for file in drafted.files]
    if there := [str(path) for path in paths if path.exists() and not force]:
        raise _refused(f"{', '.join(there)} are there already: --force overwrites them")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(paths, drafted.files.values(), strict=True):
        path.write_text(text)
        typer.echo(path)
    for warning in drafted.warnings:
        typer.echo(f"warning: {warning}", err=True)
    within = "" if folder == Path() else f" in {folder}"
    typer.echo(
        f"Look through them, then run{within}: windsock bundle && windsock check && windsock up"
    )


def _columns(text: str) -> tuple[str, list[str]]:
    """NAME=COLUMN,COLUMN as name and columns."""
    name, equals, columns = text.partition("=")
    if not (name and equals and columns):
        raise typer.BadParameter(f"{text!r} is not of the form NAME=COLUMN,COLUMN")
    return name, columns.split(",")


def _ask(option: str, question: str, usual: str | None) -> str:
    try:
        return str(typer.prompt(question, default=usual, err=True))
    except typer.Abort as error:
        if sys.stdin.isatty():
            raise KeyboardInterrupt from error
        raise ValueError(f"give {option}: nobody answers here") from error


def _refused(why: str) -> typer.Exit:
    typer.echo(f"windsock init: {why}", err=True)
    return typer.Exit(2)
