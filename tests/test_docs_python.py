"""The page on Python: its examples run, its signatures are true, and no public name is missing."""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nst_core
from nst_core import api, errors
from nst_core.backend import Snapshot, Terms
from nst_core.registry import Listing
from nst_core.request import Options
from nst_core.result import Result

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")

# in place of what the examples ask for: seconds, and nothing that must be downloaded
QUICK = 'size=32, iterations=3, weights="random-tiny:0"'
SMALL = {
    'backend="torch", size=512': f'backend="numpy", {QUICK}',
    "size=512": f'backend="numpy", {QUICK}',
    'backends=["torch", "tf"]': f'backends=["numpy"], {QUICK}',
}


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def small(block):
    """The example with quick options, each call changed once."""
    pattern = "|".join(map(re.escape, SMALL))
    return re.sub(pattern, lambda found: SMALL[found[0]], block)


@pytest.mark.parametrize("page", [PAGE, README], ids=["docs/python.md", "README.md"])
def test_the_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("photo.jpg", "painting.jpg"):
        Image.fromarray(random.integers(0, 256, (40, 48, 3), np.uint8)).save(name)
    names = {}
    for block in blocks(page, "python"):
        exec(compile(small(block), "an example", "exec"), names)
    assert names["report"].holds
    assert Path("out.png").is_file()
    if page is PAGE:
        assert names["painting"].record["finished"] is False  # it was stopped
        assert len(names["totals"]) == 3


def declared():
    """`def name(…) -> …` of each function in `nst_core.api`, as Python writes it."""
    tree = ast.parse(inspect.getsource(api))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name: header(found[name]) for name in nst_core.__all__ if name in found}


def header(node):
    return f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns).strip(chr(39))}"


def test_every_public_function_is_on_the_page_with_its_signature():
    stated = [ast.parse(f"{block.rstrip()}: ...").body[0] for block in blocks(PAGE, "py")]
    assert {node.name: header(node) for node in stated} == declared()


def public(kind):
    return [name for name in (*vars(kind), *kind.__annotations__) if not name.startswith("_")]


def test_every_public_attribute_is_on_the_page():
    for name in nst_core.__all__:
        assert f"## `nst.{name}`" in PAGE
    for kind in (Result, Terms, Listing, Snapshot):
        for name in public(kind):
            if name not in ("of",):  # which backends call
                assert re.search(rf"`\.{name}\b", PAGE), name
    for name in Options.__optional_keys__:
        assert f"`{name}`" in PAGE
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, errors.NstError):
            assert f"| `{name}` |" in PAGE


def test_the_signature_of_load():
    assert [*inspect.signature(nst_core.recipe.load).parameters] == ["source", "changes"]
