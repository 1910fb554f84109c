"""An artefact inside another: a sub-folder with its files and one line that names its runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.artefacts.artefact import Artefact

RUNTIME: Final = "runtime.txt"


def write_part(folder: Path, artefact: Artefact) -> None:
    """Make the folder and write the artefact into it."""
    folder.mkdir()
    (folder / RUNTIME).write_text(artefact.runtime + "\n")
    artefact.write(folder)


def read_part(folder: Path) -> Artefact:
    """The artefact of a sub-folder. Raises OperatorFault."""
    from tradebot.serving.artefacts.catalogue import read_artefact  # it names the artefacts that have parts

    try:
        runtime = (folder / RUNTIME).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorFault(f"{folder / RUNTIME}: a part of the model is missing ({error})") from error
    return read_artefact(folder, runtime)
