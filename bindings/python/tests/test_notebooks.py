"""The notebooks are executed, and what they print is what is stored in them."""
import pathlib

import pytest

from shown import agree

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
NOTEBOOKS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "notebooks"


def texts(cell):
    """What a cell prints, and the texts that stand for its results; not those of pictures."""
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            shown.append(output.text if output.name == "stdout" else "")  # the other is progress
        elif "image/png" not in output.get("data", {}):
            shown.append(output.get("data", {}).get("text/plain", ""))
    return "\n".join(shown)


def pictures(cell):
    return sum("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_computes(path):
    stored = nbformat.read(path, as_version=4)
    if "import torch" in "".join(cell.source for cell in stored.cells):
        pytest.importorskip("torch")
    fresh = nbformat.from_dict(stored)
    nbclient.NotebookClient(fresh, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    assert sum(map(pictures, stored.cells)) >= 2
    for before, after in zip(stored.cells, fresh.cells):
        assert agree(texts(before), texts(after)), before.source
        assert pictures(before) == pictures(after)
