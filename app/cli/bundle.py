"""`windsock bundle`: a model version as a directory, of what a training left behind."""

from pathlib import Path
from typing import Annotated

import typer


def bundle(
    *,
    name: Annotated[str, typer.Option(help="name of the model")],
    program: Annotated[Path, typer.Option(help="program file (.pt2, of torch.export.save)")],
    feature_service: Annotated[str, typer.Option(help="name of the service in the Feast registry")],
    preprocess: Annotated[
        Path,
        typer.Option(
            help="a preprocessing spec (YAML or JSON), which is fitted on --data, "
            "or a preprocess.json that is fitted already"
        ),
    ],
    contract: Annotated[Path, typer.Option(help="contract.yaml: fields, outputs, examples")],
    data: Annotated[
        Path,
        typer.Option(
            help="training set (parquet): entity keys, request features and <view>__<feature> "
            "columns, as get_historical_features(full_feature_names=True) gives them"
        ),
    ],
    feature_repo: Annotated[Path, typer.Option(help="the Feast repo")] = Path("feature_repo"),
    feature_store_yaml: Annotated[
        Path | None, typer.Option(help="instead of the repo's feature_store.yaml")
    ] = None,
    models_dir: Annotated[Path, typer.Option(help="where bundles lie")] = Path("models"),
    metrics: Annotated[
        Path | None, typer.Option(help="JSON object to keep in the manifest")
    ] = None,
) -> None:
    """Turn a program into a bundle, which Windsock serves.

    It may be any program that takes numeric float32 [N, F] and categorical int64 [N, C], with N
    dynamic, beside any feature service of a Feast repo: see docs/bring-your-own.md.
    """
    from training.bundling import bundle as bundling

    try:
        folder = bundling.bundle(
            name=name,
            program=program,
            feature_service=feature_service,
            preprocess=preprocess,
            contract=contract,
            data=data,
            feature_repo=feature_repo,
            feature_store_yaml=feature_store_yaml,
            models_dir=models_dir,
            metrics=metrics,
        )
    except bundling.BundlingError as error:
        typer.echo(f"windsock bundle: {error}", err=True)
        raise typer.Exit(2) from error  # it is what an option names that is refused
    typer.echo(folder)
