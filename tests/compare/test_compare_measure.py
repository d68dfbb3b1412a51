"""What every backend is asked, in which workers, and what becomes of one that fails."""

import numpy as np
import pytest

from nst_compare.measure import DEFAULT_RATE, NATIVE, Setting, Subject, measure, precisions
from nst_core import recipe
from nst_core.errors import NstError
from nst_core.request import Request

SMALL = (("plan.size", 48), ("plan.iterations", 3))


def subject(*changes, styles=("sample:night",), **how):
    asked = recipe.load("default", (*SMALL, *changes))
    how = {"backend": "numpy", "weights": "random-tiny:0"} | how
    return Subject(Request("sample:coffee", styles, asked, **how))


def names(modes):
    return [mode.name for mode in modes]


def test_a_cpu_is_compared_in_double_precision_and_on_the_path_that_paints():
    double, single = precisions("cpu")
    assert (double.name, double.dtype, double.exact) == ("float64", "float64", True)
    assert (single.name, single.dtype, single.exact) == ("float32", "float32", False)


def test_a_gpu_is_compared_with_tf32_on_and_off_and_in_bfloat16():
    modes = precisions("cuda:1")
    assert names(modes) == ["float64", "float32", "tf32", "bfloat16"]
    assert [mode.exact for mode in modes] == [True, True, False, False]
    assert [mode.dtype for mode in modes] == ["float64", "float32", "float32", "bfloat16"]


def test_a_device_that_has_another_name_is_an_accelerator_and_auto_is_none():
    assert precisions("mps") == precisions("cuda:0")
    assert precisions("auto") == precisions("cpu")


def test_precisions_are_chosen_by_name():
    assert names(precisions("cpu", ["bfloat16", "float64"])) == ["bfloat16", "float64"]
    with pytest.raises(NstError, match=r"'tf32'.*On the device 'cpu' choose from"):
        precisions("cpu", ["tf32"])


def test_every_backend_gets_a_worker_for_each_precision():
    tasks = list(subject().tasks(["torch", "tf"], precisions("cpu")))
    told = [(task.backend, task.precision.name, task.variant.name) for task in tasks]
    assert told == [
        ("torch", "float64", ""),
        ("torch", "float32", ""),
        ("tf", "float64", ""),
        ("tf", "float32", ""),
    ]


def test_native_adam_adds_the_frameworks_own_at_the_plans_rate_and_at_its_default():
    asked = subject(("plan.optimizer", NATIVE))
    assert asked.recipe.plan.optimizer == "adam"  # what everyone is held to
    tasks = list(asked.tasks(["torch"], precisions("cpu")))
    assert [task.variant.name for task in tasks] == ["", "", "Adam(0.02)", "Adam()"]
    jobs = [asked.job(task, "cpu") for task in tasks]
    assert [job.recipe["plan"]["optimizer"] for job in jobs] == ["adam", "adam", NATIVE, NATIVE]
    assert jobs[3].recipe["plan"]["adam"]["lr"] == DEFAULT_RATE
    assert {job.dtype for job in jobs[2:]} == {"float32"}


def test_the_pictures_are_the_same_bits_in_single_precision():
    pictures = subject(styles=("sample:night", "sample:glass")).pictures
    assert list(pictures) == ["image", "content", "start", "style0", "style1"]
    for array in pictures.values():
        assert array.dtype == np.float64
        assert np.array_equal(array, array.astype(np.float32))
    assert pictures["content"].shape == pictures["image"].shape == pictures["start"].shape
    assert max(pictures["content"].shape) == max(pictures["style0"].shape) == 48


def test_terms_are_asked_where_none_is_zero_and_painting_starts_as_planned():
    pictures = subject().pictures
    assert np.array_equal(pictures["start"], pictures["content"])
    noise = pictures["image"] - pictures["content"]
    assert 0.09 < noise.std() < 0.11
    assert not np.array_equal(subject(("plan.init", "noise")).pictures["start"], pictures["start"])


def test_a_plan_of_several_scales_is_compared_at_its_last():
    asked = subject(("plan.coarsest", 24))
    assert len(asked.painting.stages) == 1
    assert asked.recipe.plan.sizes() == (48,)


@pytest.mark.parametrize("method", ["keep-luminance", "match-linear"])
def test_colours_are_treated_as_when_painting(method):
    plain, asked = subject(), subject(colour=method)
    name = "content" if method == "keep-luminance" else "style0"
    assert not np.array_equal(asked.pictures[name], plain.pictures[name])


def test_a_worker_that_fails_is_a_measurement_with_its_last_lines(stranger):
    source = """
from nst_core.reference import NumpyBackend

class Stranger(NumpyBackend):
    def session(self, *a, **k):
        raise RuntimeError("no luck")

open_backend = Stranger
"""
    stranger("mine", source)
    asked = subject()
    (task, _) = asked.tasks(["mine"], precisions("cpu"))
    found = measure(asked, task, Setting(timeout=60))
    assert found.outcome is None
    assert "no luck" in found.failure
    assert "raise RuntimeError" in found.output
    assert found.seconds > 0
