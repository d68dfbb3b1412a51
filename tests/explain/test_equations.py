"""The formula of a recipe: what is printed is evaluated, and is what the formulas compute."""

import re
from itertools import product
from unicodedata import normalize

import numpy as np
import pytest
from values import content_loss, gram_matrix, style_loss, total_variation

from nst_core import notation, recipe
from nst_core.explain import equations, sheet
from nst_core.notation import number, plain
from nst_core.terms.content import Content
from nst_core.terms.gram import Gram
from nst_core.terms.total_variation import difference

SHIPPED = recipe.names()
# all of KaTeX that is used; it was rendered with KaTeX 0.19, strict, without a complaint
COMMANDS = {
    "begin", "end", "text", "mathrm", "frac", "tfrac", "sqrt", "sum", "cdot", "top", "hat", "bar",
    "nabla", "odot", "downarrow", "rightarrow", "searrow", "swarrow",
}  # fmt: skip
CLOSE = 1e-9  # relative, in float64; numbers are printed in six digits or more, and exactly here


def loaded(**changes):
    """The default with changes, whose keys are written `style__gram`."""
    return recipe.load("default", [(k.replace("__", "."), v) for k, v in changes.items()])


def lines(found, width=200):
    """{left: right} of the text."""
    rows = (line.strip().split(" = ", 1) for line in equations.text(found, width).splitlines())
    return {left: right.split("   ")[0] for left, right in rows}


# Golden lines

GOLDEN = {
    "default": """
          L = 1 · content + 100 · style + 0.5 · tv
    content = Σ(F − P)² / ΣP²   at relu4_2
      style = Σₗ wₗ · Σ(G − A)² / ΣA²
         wₗ = 0.1, 0.4, 0.5, 0.02, 0.001
              at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
          G = F Fᵀ / M   A likewise from S, with its own M
100 · style = Σₗ wₗ · 100 · Σ(F Fᵀ − S Sᵀ)² / Σ(S Sᵀ)²
              where both have the same M
         tv = mean |d↓| + mean |d→|
          d = x′ − x   x': the neighbour in the direction of the arrow
          x = I   after each step, I is clipped to [0, 1]""",
    "gatys2016": """
           L = 1 · content + 1000 · style
     content = 0.5 · Σ(F − P)²   at relu4_2
       style = Σₗ wₗ · 0.25 · Σ(G − A)² / N²
          wₗ = 0.2   at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
           G = F Fᵀ / M   A likewise from S, with its own M
1000 · style = Σₗ wₗ · 250 · Σ(F Fᵀ − S Sᵀ)² / (N²·M²)
               where both have the same M
           x = 255 · I""",
    "jcjohnson-as-run": """
          L = 5 · content + 100 · style
          g = ∇ₓ (L + 0.001 · tv)   is the gradient that is used
    content = Σ(F − P)² / (N·M)   at relu4_2
      style = Σₗ wₗ · Σ(G − A)² / N²
         wₗ = 1   at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
          G = F Fᵀ / (N·M)   A likewise from S, with its own M
100 · style = Σₗ wₗ · 100 · Σ(F Fᵀ − S Sᵀ)² / (N⁴·M²)
              where both have the same M
         tv = 0.5 · Σ(d↓² + d→²)
          d = x′ − x   where x' exists both below and on the right
          x = 256 · I""",
    "cysmith-as-run": """
            L = 5 · content + 10000 · style + 0.001 · tv
      content = 0.5 · Σ(F − P)² / √(N·M)   at conv4_2
        style = Σₗ wₗ · 1/5 · 0.25 · Σ(G − A)² / N²
           wₗ = 0.2   at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
            G = F Fᵀ / M   A likewise from S
10000 · style = Σₗ wₗ · 500 · Σ(F Fᵀ − S Sᵀ)² / (N²·M²)
                where both have the same M
           tv = Σ|d↓| + Σ|d→|
            d = x′ − x   x': the neighbour in the direction of the arrow
            x = 255 · I""",
    "keras-example": """
           L = 2.5 · 10⁻⁸ · content + 10⁻⁶ · style + 10⁻⁶ · tv
     content = Σ(F − P)²   at relu5_2
       style = Σₗ wₗ · 0.25 · Σ(G − A)² / (3·H·W)²
          wₗ = 0.2   at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
           G = F Fᵀ   A likewise from S
10⁻⁶ · style = Σₗ wₗ · 2.5 · 10⁻⁷ · Σ(F Fᵀ − S Sᵀ)² / (3·H·W)²
          tv = Σ(d↓² + d→²)^1.25
           d = x′ − x   where x' exists both below and on the right
           x = 255 · I""",
    "crowsonkb": """
         L = 0.015 · content + 15 · style + 2 · tv
   content = Σ(F − P)² / (N·M)   at relu4_2
     style = Σₗ wₗ · Σ(G − A)² / N²
        wₗ = 256/341, 64/341, 16/341, 4/341, 1/341
             at relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
         G = F̂ F̂ᵀ / M   A likewise from S, with its own M
         F̂ = F − F̄   S likewise; the bar: the mean over positions
15 · style = Σₗ wₗ · 15 · Σ(F̂ F̂ᵀ − Ŝ Ŝᵀ)² / (N²·M²)   where both have the same M
        tv = 2 · (1/3 (mean d↓² + mean d→²) + 1/12 (mean d↘² + mean d↙²))
         d = x′ − x   x': the neighbour in the direction of the arrow
         x = I   after each step, I is clipped to [0, 1]""",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_formula_of(name):
    found = normalize("NFC", equations.text(recipe.load(name)))
    assert found == normalize("NFC", GOLDEN[name].removeprefix("\n"))


def test_the_formula_in_latex():
    found = equations.latex(recipe.load("gatys2016")).splitlines()
    assert found[0] == r"\begin{aligned}"
    assert found[2] == (r"\text{content} &= 0.5 \cdot \sum (F - P)^2 && \text{at relu4\_2} \\")
    assert found[5] == r"G &= \frac{F F^\top}{M} && \text{A likewise from S, with its own M} \\"
    assert found[-2:] == [r"x &= 255 \cdot I", r"\end{aligned}"]


# Every shipped recipe


@pytest.mark.parametrize("name", SHIPPED)
def test_every_recipe_states_its_weights_taps_and_coefficients(name):
    found = recipe.load(name)
    text, latex = equations.text(found), equations.latex(found)
    for section, label in ((found.content, "content"), (found.style, "style"), (found.tv, "tv")):
        if not section.weight:
            continue
        assert rf"{number(section.weight)} \cdot \text{{{label}}}" in latex
        assert f"{plain(number(section.weight))} · {label}" in text
        own = lines(found)[label]
        assert section.factor == 1 or plain(number(section.factor)) in own
    for tap in found.taps():
        assert tap in text
        assert tap.replace("_", r"\_") in latex


@pytest.mark.parametrize("name", SHIPPED)
def test_every_latex_is_whole(name):
    latex = equations.latex(recipe.load(name))
    assert set(re.findall(r"\\([a-zA-Z]+)", latex)) <= COMMANDS
    depth = 0
    for sign in latex.replace(r"\_", ""):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    assert latex.isascii()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_is_spelled_out_and_fits(name):
    found = recipe.load(name)
    assert not set("\\{}$") & set(equations.text(found))
    text = sheet.as_text(found, 80)
    assert max(map(notation.columns, text.splitlines())) <= 80
    flat = " ".join(text.split())
    for words in (found.title, found.source, *found.notes, *found.departures):
        assert " ".join(words.split()) in flat
    for words in (found.title, found.source, *found.notes, *found.departures):
        assert words in sheet.as_latex(found)


# The text is evaluated

N, HEIGHT, WIDTH, PIXELS = 3, 4, 5, 77
RANDOM = np.random.default_rng(0)
F, P, S = (RANDOM.random((N, HEIGHT, WIDTH)) + 0.1 for _ in range(3))
SIGNS = (("−", "-"), ("·", "*"), ("√", "np.sqrt"), ("3*H*W", f"3*{PIXELS}"), ("1/", "1./"))


def evaluated(text, names):
    """The number that a formula stands for."""
    code = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**({m[0].translate(LOWERED)})", text)
    code = code.replace("F\u0302", "Fh").replace("S\u0302", "Sh").replace("F\u0304", "Fm")
    for old, new in SIGNS:
        code = code.replace(old, new)
    code = re.sub(r"(\w+) \1ᵀ", r"(\1 @ \1.T)", code)
    code = re.sub(r"Σ\|([^|]+)\|", r"np.abs(\1).sum()", code)
    code = re.sub(r"Σ(\w+|\((?:[^()]|\([^()]*\))*\))(\*\*\(2\))", r"np.sum((\1)\2)", code)
    return eval(code, {"np": np, "N": N, "M": HEIGHT * WIDTH, **names})


LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def layered(text, letter, shares, names):
    """`Σₗ wₗ · …` at taps that have the same features."""
    sign = f"Σₗ {letter}ₗ · "
    total = sum(shares) if text.startswith(sign) else 1.0
    return total * evaluated(text.removeprefix(sign), names)


def said_content(found):
    content = found.content
    names = {"F": F, "P": P}
    return content.weight * layered(lines(found)["content"], "v", content.taps.values(), names)


def meant_content(found):
    value = content_loss(F, P, found.content)
    return sum(t.weight * value for t in found.terms() if t.name.startswith("content"))


def said_style(found, which="style"):
    """From the definition of G, or from the line that is in F itself."""
    rows = lines(found)
    names = {"F": F.reshape(N, -1), "S": S.reshape(N, -1)}
    for letter in ("F", "S"):
        if "F\u0302" in rows:
            mean = names[letter].mean(1, keepdims=True)
            names[f"{letter}h"] = evaluated(rows["F\u0302"], {"F": names[letter], "Fm": mean})
    names["G"] = evaluated(rows["G"], names)
    names["A"] = evaluated(rows["G"].replace("F", "S"), names)
    weight = plain(number(found.style.weight))
    text = rows["style"] if which == "style" else rows[f"{weight} · style"]
    value = layered(text, "w", found.style.taps.values(), names)
    return value * (found.style.weight if which == "style" else 1.0)


def meant_style(found):
    G, A = (gram_matrix(x, found.style) for x in (F, S))
    value = style_loss(G, A, found.style, PIXELS)
    return sum(t.weight * value for t in found.terms() if t.name.startswith("style"))


def said_tv(found, x):
    text = lines(found)["tv"]
    pairs = {"↓": (1, 0), "→": (0, 1), "↘": (1, 1), "↙": (1, -1)}
    d = {arrow: difference(x, *pair) for arrow, pair in pairs.items()}
    if found.tv.norm == "power":
        d = {"↓": (x[:, 1:] - x[:, :-1])[:, :, :-1], "→": (x[:, :, 1:] - x[:, :, :-1])[:, :-1]}
    code = re.sub(r"mean \|d(.)\|", r"np.abs(d['\1']).mean()", text)
    code = re.sub(r"mean d(.)²", r"np.square(d['\1']).mean()", code)
    code = re.sub(r"Σ\|d(.)\|", r"np.abs(d['\1']).sum()", code)
    code = re.sub(r"Σd(.)²", r"np.square(d['\1']).sum()", code)
    code = re.sub(r"Σ\(d↓² \+ d→²\)(?:\^([\d.]+))?", _power, code)
    code = code.replace("·", "*").replace(" (", " * (").replace("* *", "*").replace("+ *", "+")
    return found.tv.weight * eval(code, {"np": np, "d": d})


def _power(match):
    return f"((np.square(d['↓']) + np.square(d['→'])) ** {match[1] or 1}).sum()"


TAPS = ({"relu1_1": 1.0}, {"relu1_1": 0.25}, {"relu1_1": 0.25, "relu2_1": 0.75})
CONTENTS = [
    {"content__norm": norm, "content__reduction": r, "content__factor": f, "content__taps": taps}
    for norm, r, f, taps in product(
        ("squared", "absolute"), ("sum", "mean", "root", "relative"), (1.0, 0.5), TAPS
    )
]
STYLES = [
    {
        "style__gram": gram, "style__reduction": reduction, "style__centred": centred,
        "style__shift": shift, "style__average": average, "style__taps": taps,
        "style__factor": factor, "style__weight": 1e3,
    }
    for gram, reduction, centred, shift, average, taps, factor in product(
        ("raw", "positions", "elements"), ("sum", "mean", "relative", "image"), (False, True),
        (0.0, -1.0), ("none", "double"), TAPS, (1.0, 0.25),
    )
    if average == "none" or sum(taps.values()) == 1
]  # fmt: skip
SMOOTH = [
    {"tv": {"weight": 2.0, "norm": norm, "reduction": r, "stencil": s, "factor": f}}
    for norm, r, s, f in product(
        ("absolute", "squared"), ("sum", "mean"), ("cross", "nine"), (1.0, 0.5)
    )
] + [
    {"tv": {"weight": 2.0, "norm": "power", "reduction": "sum", "exponent": e, "factor": f}}
    for e, f in product((1.0, 1.25, 2.5), (1.0, 0.5))
]


def test_every_content_term_is_what_it_says():
    for changes in CONTENTS:
        found = loaded(content__weight=3.0, **changes)
        assert said_content(found) == pytest.approx(meant_content(found), rel=CLOSE), changes


@pytest.mark.parametrize("which", ["style", "reduced"])
def test_every_style_term_is_what_it_says(which):
    for changes in STYLES:
        found = loaded(**changes)
        assert said_style(found, which) == pytest.approx(meant_style(found), rel=CLOSE), changes


def test_every_total_variation_is_what_it_says():
    x = RANDOM.random((3, 5, 7))
    for changes in SMOOTH:
        found = loaded(**changes)
        meant = found.tv.weight * total_variation(x, found.tv)
        assert said_tv(found, x) == pytest.approx(meant, rel=CLOSE), changes


MUTANTS = {
    "content.divisor_latex": (Content, "divisor_latex", property(lambda _: r"N \, M")),
    "style.divisor_latex": (Gram, "divisor_latex", property(lambda _: "N^2")),
    "gram_divisor_latex": (Gram, "gram_divisor_latex", property(lambda _: "M")),
    "reduced_divisor": (Gram, "reduced_divisor", lambda *_: r"N^2 \, M^2"),
    "averaged": (Gram, "averaged", property(lambda _: "")),
    "features_latex": (Gram, "features_latex", lambda _, letter: letter),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_formula_is_noticed(name, monkeypatch):
    monkeypatch.setattr(*MUTANTS[name])
    with pytest.raises(AssertionError):
        say_everything()


def say_everything():
    test_every_content_term_is_what_it_says()
    test_every_style_term_is_what_it_says("style")
    test_every_style_term_is_what_it_says("reduced")


# What is left out, and what is said of it


def test_a_term_without_weight_is_left_out_and_said_to_be():
    found = loaded(content__weight=0, tv__weight=0)
    assert lines(found)["L"] == "100 · style"
    assert "content" not in lines(found)
    assert "tv" not in lines(found)
    assert sheet.facts_of(found)["without"] == "content, total variation"
    assert sheet.facts_of(loaded())["without"].startswith("no term")


def test_an_uncounted_term_alone_leaves_a_total_of_nothing():
    changes = {"weight": 1.0, "counted": False}
    found = loaded(content__weight=0, style__weight=0, tv=changes)
    assert lines(found)["L"] == "0"
    assert lines(found)["g"] == "∇ₓ (L + 1 · tv)"


def test_a_scale_for_each_colour():
    assert lines(recipe.load("kimrass"))["x"] == "(1000/229, 125/28, 40/9) ⊙ I"


def test_a_shift_has_its_sign():
    assert lines(loaded(style__shift=-1))["F\u0302"] == "F − 1"
    assert lines(loaded(style__shift=2.5, style__centred=True))["F\u0302"] == "F − F\u0304 + 2.5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (0, "0"), (0.001, "0.001"), (1e-4, "10⁻⁴"), (2.5e-8, "2.5 · 10⁻⁸"),
        (99999, "99999"), (1e5, "10⁵"), (3e9, "3 · 10⁹"), (1 / 3, "1/3"), (256 / 341, "256/341"),
        (1 / 36, "1/36"), (0.75, "0.75"), (np.sqrt(2), "1.41421356237"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert plain(number(float(value))) == text


# How the picture is found


def test_the_sheet_says_how_the_picture_is_found():
    said = sheet.facts_of(recipe.load("default"))
    assert said["network"] == (
        "vgg16-caffe, average pooling, odd last rows and columns dropped (floor), "
        "filters as they were trained"
    )
    assert said["pixels"].startswith("255 · I − (103.939, 116.779, 123.68) in BGR")
    assert said["size"] == "512 pixels on the longest side"
    assert said["evaluations"].startswith("135 at 128, 90 at 256, 60 at 512 pixels")
    assert said["start"] == "the photograph"
    assert said["optimiser"] == (
        "L-BFGS without line search: lr 1, history 20, a pair is stored if y·s > 0.1 · ‖y‖ ‖s‖"
    )
    assert said["box"].endswith("L-BFGS stores the step after clipping")


def test_every_constant_of_an_optimiser_is_said():
    adam = loaded(plan__optimizer="adam", variable__scale=255, plan__adam={"lr": 10})
    assert sheet.facts_of(adam)["optimiser"] == (
        "Adam: lr 10 (0.0392 for pixels in [0, 1]), β₁ 0.9, β₂ 0.999, ε 1e-08"
    )
    native = loaded(plan__optimizer="native-adam", variable__scale=255, plan__adam={"lr": 10})
    assert sheet.facts_of(native)["optimiser"] == (
        "the framework's own Adam: lr 10 (0.0392 for pixels in [0, 1]), default β₁, β₂ and ε"
    )
    sgd = loaded(plan__optimizer="sgd")
    assert "100 · 0.96^(t / 100)" in sheet.facts_of(sgd)["optimiser"]
    torch = loaded(plan__lbfgs={"absolute": True, "restart": 20})
    said = sheet.facts_of(torch)["optimiser"]
    assert said.endswith("y·s > 1e-10, restarts after every 20 evaluations")


def test_noise_is_said_with_its_width_and_centre():
    noise = {"distribution": "uniform", "width": 0.5, "centre": "mean"}
    found = loaded(plan__init="noise", plan__noise=noise, plan__seed=3)
    assert sheet.facts_of(found)["start"] == (
        "white noise around the mean colour of the preprocessing, "
        "uniform, ±0.5 for pixels in [0, 1], seed 3"
    )
    assert sheet.facts_of(loaded(plan__init="me.png"))["start"] == "the picture me.png"


def test_several_styles_are_said():
    assert "average Gram matrix, equal shares" in sheet.facts_of(loaded())["style"]
    found = loaded(style__combine="losses", style__blend=[3, 1], style__resize="content")
    said = sheet.facts_of(found)["style"]
    assert said == (
        "in the photograph's height and width; with several styles, each has a term, shares 3:1"
    )


def test_the_json_has_the_fields_the_formula_and_the_facts():
    found = recipe.load("gatys2016")
    said = sheet.as_json(found)
    assert recipe.build(said["recipe"], "here") == found
    assert said["formula"]["latex"] == equations.latex(found)
    assert said["facts"] == sheet.facts_of(found)


def test_the_index_is_a_table_of_every_recipe():
    found = sheet.index([recipe.load(name) for name in SHIPPED], 80)
    assert max(map(len, found.splitlines())) <= 80
    starts = [line.split()[0] for line in found.splitlines() if not line.startswith(" ")]
    assert starts == ["recipe", *SHIPPED]
