"""What README.md and the documents tell a reader to type exists, and the quick start runs."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

import nst_core
from nst_core import images
from nst_core.cli.app import DEBUG, app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "backends").glob("*/README.md")),
]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
SMALL = {"size": 48, "iterations": 2}
FRAMEWORKS = ("torch", "tensorflow")

needs_frameworks = pytest.mark.skipif(
    not all(map(find_spec, FRAMEWORKS)), reason="PyTorch or TensorFlow is not installed"
)


def blocks(text, *languages):
    """The fenced blocks in these languages; '' is none."""
    return [body for language, body in FENCE.findall(text) if language in languages]


def lines(block):
    """Those of a block, with continued lines joined."""
    return [line.strip() for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def inline(text):
    """Every code span outside the fenced blocks."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def section(title):
    """That of README.md, without its heading."""
    return README.read_text("utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


def typed(path):
    """The commands `nst …` of a document."""
    text = path.read_text("utf-8")
    fenced = [line for block in blocks(text, "", "sh") for line in lines(block)]
    return [line for line in (*fenced, *inline(text)) if line.startswith("nst ")]


def unknown(line):
    """The first word of `nst …` that is no command of that name or no option of the command."""
    command = get_command(app)
    _, *words = shlex.split(line, comments=True)
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            return words[0] if words else "nst"
        command = command.commands[words.pop(0)]
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return next((option for option in given if option not in options(command)), None)


def options(command):
    """The options of a command, or of every command of a group."""
    found = {name for parameter in command.params for name in parameter.opts}
    found |= {name for parameter in command.params for name in parameter.secondary_opts}
    for further in getattr(command, "commands", {}).values():
        found |= options(further)
    return found | {"--help", DEBUG}


# Words


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_document_is_one(path):
    assert {line: word for line in typed(path) if (word := unknown(line))} == {}


def test_the_commands_are_found():
    every = {path: typed(path) for path in DOCUMENTS}
    assert any(line.endswith("--dtype bfloat16") for line in every[README])
    (sweep,) = [line for line in every[ROOT / "docs" / "experiments.md"] if "--over init" in line]
    assert " -o" in sweep  # on its second line
    assert sum(map(len, every.values())) > 60


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("nst paint a b", "paint"),
        ("nst run a b --sise 3", "--sise"),
        ("nst weights get x", "get"),
        ("nst losses a --preview-every=3", "--preview-every"),
        ("nst run a b -o out.png --size 3  # a comment --sise", None),
        ("nst weights list", None),
    ],
)
def test_a_wrong_word_is_noticed(line, word):
    assert unknown(line) == word


def test_every_option_that_the_readme_names_is_one():
    named = [code for code in inline(README.read_text("utf-8")) if code.startswith("--")]
    assert len(named) > 4
    assert {code.split()[0] for code in named} <= options(get_command(app))


def test_every_extra_that_the_readme_installs_is_one():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (line,) = [line for line in quick_start() if line.startswith("pip install")]
    named = re.findall(r"\[(\w+)\]", line)
    assert len(named) == 5
    assert set(named) <= extras["optional-dependencies"].keys()


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("path", [README, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_target_of_make_that_is_named_is_one(path):
    text = path.read_text("utf-8")
    found = {*inline(text), *(line for block in blocks(text, "") for line in lines(block))}
    wanted = {line.split()[1] for line in found if line.startswith("make ")}
    assert "test-long" in wanted
    for target in wanted:
        printed(target)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("backend", ["torch", "tf", "keras", "keras:jax"])
def test_the_demo_is_a_command(backend):
    (line,) = [line for line in printed("demo", f"BACKEND={backend}") if "nst run" in line]
    assert unknown(line[line.index("nst run") :]) is None
    assert f"--backend {backend} " in line


def printed(*arguments):
    """What `make` would run."""
    command = ["make", "--dry-run", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# The quick start


def quick_start():
    return [line for block in blocks(section("Paint your own"), "") for line in lines(block)]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with `photo.jpg` and `painting.jpg`, in which the test runs."""
    for name, sample in (("photo", "coffee"), ("painting", "night")):
        pixels = images.read(f"sample:{sample}").pixels
        images.save(images.resize(pixels, 96, 128), tmp_path / f"{name}.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def small(words):
    """The options that make a command take seconds; a picture that is repeated has them."""
    if "--recipe" in words:
        return []
    names = SMALL if words[1] == "run" else ("size",)
    return [text for name in names for text in (f"--{name}", str(SMALL[name]))]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.real_weights
@needs_frameworks
def test_the_quick_start_runs_line_by_line(work):
    ran = [line for line in quick_start() if line.startswith("nst ")]
    assert len(ran) == 4
    for line in ran:
        words = shlex.split(line, comments=True)
        start = [sys.executable, "-c", "from nst_core.cli import main; main()"]
        done = subprocess.run(
            [*start, *words[1:], *small(words)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    for name in ("out.png", "again.png"):
        assert max(images.read(name).pixels.shape) == SMALL["size"]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.real_weights
@needs_frameworks
def test_the_python_of_the_readme_runs(work, monkeypatch, capsys):
    for name in ("paint", "losses", "compare"):
        given = SMALL if name != "losses" else {"size": SMALL["size"]}
        monkeypatch.setattr(nst_core, name, smaller(getattr(nst_core, name), given))
    (block,) = blocks(README.read_text("utf-8"), "python")
    found = {}
    exec(compile(block, "README.md", "exec"), found)
    assert (work / "out.png").is_file()
    assert capsys.readouterr().out.endswith(" (48, 36) (36, 48, 3)\n")
    assert found["terms"].total > 0
    assert {entry.backend for entry in found["report"].entries} == {"torch", "tf"}


def smaller(call, given):
    """The same call with other values for what is given."""
    return lambda *pictures, **options: call(*pictures, **options | given)
