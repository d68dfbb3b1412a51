"""A comparison in a folder: `report.html`, `report.json` and `report.md`."""

from pathlib import Path

from rich.table import Table

from nst_compare.comparison import Comparison
from nst_compare.models import Report
from nst_core import files
from nst_core.errors import NstError

JSON = "report.json"
COLUMNS = {
    "content": ("content",),
    "Gram": ("gram",),
    "style": ("style",),
    "gradient": ("gradient", "path"),
}


def check_folder(folder: Path) -> None:
    """Makes the folder; raises NstError if nothing could be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.try_folder(folder / JSON)
    except OSError as error:
        raise NstError(
            f"the report cannot be written to '{folder}' ({error.strerror}): choose another -o"
        ) from error


def write(found: Comparison, folder: Path) -> None:
    files.write(folder / JSON, found.report.model_dump_json(indent=1).encode())


def summary(report: Report, _: Path) -> Table:
    return Table(title=report.sentence)
