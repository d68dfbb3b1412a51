"""The session: features, targets, terms, gradient, and the loop that paints.

What is compiled is a pure function. Parameters, targets' values and weights are its arguments:
what it closes over would be compiled in, and compiled again for every other value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst_core.backend import Array, Arrays, Dtype, Snapshot, Targets, Terms, Watch
from nst_core.network import Network
from nst_core.optimisers import boxed, make_optimiser
from nst_core.plan import Stage
from nst_core.recipe import Recipe, Variable
from nst_core.terms import Term, compute
from nst_core.weights import Weights
from nst_jax import devices
from nst_jax.losses import STATISTICS, errors
from nst_jax.net import Parameters, forward, make_parameters, step


class Inputs(NamedTuple):
    """What the objective takes beside the image: numbers, in the session's precision."""

    values: Mapping[str, jax.Array]
    coefficients: jax.Array
    weights: jax.Array
    scale: jax.Array


class JaxSession:
    """One network on one device. Images, losses and gradients stay in at least float32."""

    def __init__(
        self, network: Network, weights: Weights, device: str, dtype: Dtype, exact: bool
    ) -> None:
        self.flags = set_flags(device, dtype, exact)
        self.device = devices()[device]
        self.dtype = "float64" if dtype == "float64" else "float32"
        self.network = network
        self.parameters = jax.device_put(make_parameters(weights, dtype), self.device)
        self.jit = partial(jax.jit, compiler_options={"xla_gpu_deterministic_ops": exact})
        self.vgg = partial(forward, network, weights.preprocessing)
        # layer by layer, so that a feature does not depend on what else is asked for
        self.layers = partial(self.vgg, step=self.jit(step, static_argnums=(0, 1, 2)))
        self.compiled: dict[Targets, Callable[..., Any]] = {}

    def features(self, image: Array, taps: Sequence[str]) -> dict[str, Array]:
        found = self.layers(self.parameters, self.tensor(image)[None], taps)
        return {tap: self.array(F) for tap, F in found.items()}

    def targets(self, content: Array, styles: Sequence[Array], recipe: Recipe) -> Targets:
        recipe.check(self.network)
        return Targets.of(recipe, content, styles, self.statistics)

    def terms(self, image: Array, targets: Targets) -> Terms:
        return self.gradient(image, targets)[0]

    def gradient(self, image: Array, targets: Targets) -> tuple[Terms, Array]:
        inputs = self.inputs(targets, image)
        raw, g = self.evaluate(self.tensor(image) * inputs.scale, inputs, targets)
        return Terms.of(targets, raw.tolist()), self.array(g * inputs.scale)

    def paint(self, image: Array, targets: Targets, stage: Stage, watch: Watch) -> Array:
        inputs = self.inputs(targets, image)
        x, scale = self.tensor(image) * inputs.scale, inputs.scale
        optimiser = boxed(make_optimiser(stage), targets.variable.box, scale)
        for iteration in range(stage.iterations):
            raw, g = self.evaluate(x, inputs, targets)
            terms = Terms.of(targets, raw.tolist())
            here, gradient = partial(self.array, x / scale), partial(self.array, g * scale)
            watch(Snapshot(iteration, terms, here, gradient))
            x = optimiser.step(x, g)
        return self.array(x / scale)

    def statistics(self, image: Array, terms: Sequence[Term], variable: Variable) -> Arrays:
        """What each term compares, at an image."""
        image = self.tensor(image)
        taps = [term.tap for term in terms if term.tap]
        features = self.layers(self.parameters, image[None], taps)
        x = image * jax.device_put(np.array(variable.scales, self.dtype), self.device)
        found = compute.statistics(terms, x, features, STATISTICS)
        return {name: self.array(y) for name, y in found.items()}

    def objective(
        self, targets: Targets, x: jax.Array, parameters: Parameters, inputs: Inputs
    ) -> tuple[jax.Array, jax.Array]:
        """The total at the variable x, and every raw term. Of the targets it reads the formulas."""
        features = self.vgg(parameters, x[None] / inputs.scale, targets.taps)
        raw = inputs.coefficients * errors(x, features, inputs.values, targets)
        return jnp.sum(inputs.weights * raw), raw

    def evaluate(
        self, x: jax.Array, inputs: Inputs, targets: Targets
    ) -> tuple[jax.Array, jax.Array]:
        """Every raw term at the variable x, and d total / d x: compiled once for equal targets."""
        if targets not in self.compiled:
            objective = partial(self.objective, replace(targets, values={}))
            self.compiled[targets] = self.jit(jax.value_and_grad(objective, has_aux=True))
        (_, raw), g = self.compiled[targets](x, self.parameters, inputs)
        return raw, g

    def inputs(self, targets: Targets, image: Array) -> Inputs:
        values = {name: self.tensor(value) for name, value in targets.values.items()}
        weights = [term.weight for term in targets.terms]
        numbers = targets.coefficients(image[0].size), weights, targets.variable.scales
        put = partial(jax.device_put, device=self.device)
        return Inputs(values, *(put(np.array(each, self.dtype)) for each in numbers))

    def tensor(self, array: Array) -> jax.Array:
        """Images and features become channels-last; matrices stay as they are."""
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
        return jax.device_put(array.astype(self.dtype), self.device)

    def array(self, tensor: jax.Array) -> Array:
        """A copy: NumPy's view of a JAX array is read-only."""
        array = np.array(tensor)
        return array.transpose(2, 0, 1) if array.ndim == 3 else array


def set_flags(device: str, dtype: Dtype, exact: bool) -> dict[str, str]:
    """Sets the process-wide switches, and returns what they are now."""
    if dtype == "float64":  # and never back: a session in float64 may still be open
        jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest" if exact else None)
    precision, x64 = jax.config.jax_default_matmul_precision, jax.config.jax_enable_x64
    said = {"tf32": precision != "highest", "x64": x64, "deterministic": exact}
    return {"device": device, "dtype": dtype} | {name: str(value) for name, value in said.items()}
