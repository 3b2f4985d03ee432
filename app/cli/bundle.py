"""`windsock bundle`: a model version as a directory, of what a training left behind."""

from pathlib import Path
from typing import Annotated

import typer


def bundle(
    file: Annotated[
        Path,
        typer.Argument(help="the options below by name, with paths from its folder"),
    ] = Path("bundle.yaml"),
    *,
    name: Annotated[str | None, typer.Option(help="name of the model")] = None,
    program: Annotated[
        Path | None,
        typer.Option(help="program file (.pt2, of torch.export.save, or .onnx)"),
    ] = None,
    feature_service: Annotated[
        str | None, typer.Option(help="name of the service in the Feast registry")
    ] = None,
    preprocess: Annotated[
        Path | None,
        typer.Option(
            help="a preprocessing spec (YAML or JSON), which is fitted on --data, a "
            "preprocess.json that is fitted already, or an ONNX graph; without one an ONNX program "
            "takes the columns themselves, by their names"
        ),
    ] = None,
    contract: Annotated[
        Path | None, typer.Option(help="contract.yaml: fields, outputs, examples")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="training set (parquet): entity keys, request features and <view>__<feature> "
            "columns, as get_historical_features(full_feature_names=True) gives them; without, "
            "rows of the online store stand in, and the preprocessing may learn nothing"
        ),
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(
            help="rows as in --data that it was not trained on, whose outputs drift is told by"
        ),
    ] = None,
    feature_repo: Annotated[Path | None, typer.Option(help="the Feast repo")] = None,
    feature_store_yaml: Annotated[
        Path | None, typer.Option(help="instead of the repo's feature_store.yaml")
    ] = None,
    models_dir: Annotated[Path | None, typer.Option(help="where bundles lie")] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="JSON object to keep in the manifest")
    ] = None,
    encrypt: Annotated[
        Path | None,
        typer.Option(
            help="encrypt all files with the primary key of this keyring (`windsock keyring "
            "create`), which the config names as `model.keyring`"
        ),
    ] = None,
) -> None:
    """Turn a program into a bundle, which Windsock serves.

    It may be any program whose inputs preprocessing can make, with the number of rows dynamic,
    beside any feature service of a Feast repo: see docs/bring-your-own.md. `windsock init` writes
    the files for it.
    """
    from training.bundling import bundle as bundling
    from training.bundling.bundle_file import described

    try:
        options = described(
            file,
            {
                "name": name,
                "program": program,
                "feature_service": feature_service,
                "preprocess": preprocess,
                "contract": contract,
                "data": data,
                "held_out": held_out,
                "feature_repo": feature_repo,
                "feature_store_yaml": feature_store_yaml,
                "models_dir": models_dir,
                "metrics": metrics,
                "encrypt": encrypt,
            },
        )
        folder = bundling.bundle(**options)
    except (bundling.BundlingError, ValueError) as error:
        typer.echo(f"windsock bundle: {error}", err=True)
        raise typer.Exit(2) from error  # it is what an option names that is refused
    typer.echo(folder)
