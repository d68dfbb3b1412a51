"""Plans: which scales, how many iterations at each, and what is refused."""

import pytest
from pydantic import ValidationError

from nst_core.plan import Adam, Lbfgs, Plan, section


@pytest.mark.parametrize(
    ("size", "coarsest", "sizes"),
    [
        (512, 96, (128, 256, 512)),
        (384, 96, (96, 192, 384)),
        (383, 96, (191, 383)),
        (512, None, (512,)),
        (100, 96, (100,)),
        (64, 96, (64,)),
        (3, 1, (1, 3)),
    ],
)
def test_the_size_is_halved_while_it_stays_at_or_above_the_coarsest(size, coarsest, sizes):
    plan = Plan(size=size, coarsest=coarsest)
    assert plan.sizes() == sizes
    assert tuple(stage.size for stage in plan.stages()) == sizes


def test_each_coarser_scale_gets_its_multiple_of_iterations():
    plan = Plan(size=512, coarsest=96, iterations=100, coarser=2.0)
    assert [stage.iterations for stage in plan.stages()] == [400, 200, 100]


def test_iterations_are_rounded_and_the_same_by_default():
    plan = Plan(size=512, coarsest=96, iterations=7, coarser=1.5)
    assert [stage.iterations for stage in plan.stages()] == [16, 10, 7]  # 15.75, 10.5 to even
    assert [s.iterations for s in Plan(coarsest=96, iterations=7).stages()] == [7, 7, 7]


def test_every_stage_carries_the_optimiser_and_its_constants():
    plan = Plan(coarsest=96, optimizer="adam", adam=Adam(lr=0.5), lbfgs=Lbfgs(history=3))
    for stage in plan.stages():
        assert (stage.optimizer, stage.adam.lr, stage.lbfgs.history) == ("adam", 0.5, 3)


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [("lbfgs", "lbfgs"), ("adam", "adam"), ("native-adam", "adam"), ("sgd", "sgd")],
)
def test_every_optimiser_has_a_section_of_the_plan(optimizer, name):
    plan = Plan(optimizer=optimizer)
    assert section(optimizer) == name
    assert plan.stages()[0].settings is getattr(plan, name)


def test_adam_has_the_constants_of_its_paper():
    adam = Adam()
    assert (adam.beta1, adam.beta2, adam.epsilon) == (0.9, 0.999, 1e-8)


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        (Plan, {"size": 0}),
        (Plan, {"iterations": 0}),
        (Plan, {"iterations": 1.5}),
        (Plan, {"coarsest": 0}),
        (Plan, {"coarser": 0.9}),
        (Plan, {"coarser": float("nan")}),
        (Plan, {"coarser": float("inf")}),
        (Plan, {"optimizer": "newton"}),
        (Plan, {"noise": {"width": 0}}),
        (Plan, {"seed": -1}),
        (Plan, {"sizes": 3}),
        (Lbfgs, {"lr": 0}),
        (Lbfgs, {"history": 0}),
        (Lbfgs, {"curvature": -1e-10}),
        (Adam, {"lr": float("inf")}),
        (Adam, {"beta1": 1.0}),
        (Adam, {"beta2": -0.1}),
        (Adam, {"epsilon": 0}),
    ],
)
def test_a_plan_outside_its_limits_is_refused(section, fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        section(**fields)


def test_a_plan_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Plan().size = 3


@pytest.mark.parametrize(
    ("constants", "said"),
    [
        ({"beta1": 0.5}, "plan.adam.beta1 0.5"),
        ({"lr": 3, "beta2": 0.9, "epsilon": 1}, "plan.adam.beta2 0.9 and plan.adam.epsilon 1"),
    ],
)
def test_native_adam_refuses_constants_that_it_does_not_take(constants, said):
    rate = float(constants.get("lr", 0.02))
    with pytest.raises(ValidationError) as caught:
        Plan(optimizer="native-adam", adam=constants)
    assert f"native-adam uses only plan.adam.lr, not {said}: " in str(caught.value)
    assert f"--set 'plan.adam={{lr={rate}}}'" in str(caught.value)
    assert Plan(optimizer="adam", adam=constants).adam == Adam(**constants)


def test_native_adam_takes_a_rate_and_the_constants_that_are_usual():
    assert Plan(optimizer="native-adam", adam={"lr": 3, "epsilon": 1e-8}).adam == Adam(lr=3)
