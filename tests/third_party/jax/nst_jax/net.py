"""VGG as pure functions of a pytree of parameters. Activations are (1, H, W, N)."""

from collections.abc import Callable, Mapping, Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax

from nst_core.network import POOL, Edge, Layer, Network, Pooling
from nst_core.weights import Preprocessing, Weights

Parameters = Mapping[str, tuple[Array, Array]]
LAYOUT = ("NHWC", "HWIO", "NHWC")
WINDOW = (1, POOL, POOL, 1)


def make_parameters(weights: Weights, dtype: str) -> Parameters:
    """`{conv: (kernel (3, 3, I, O), bias (O,))}`."""
    return {
        name: (jnp.asarray(kernel.transpose(2, 3, 1, 0), dtype), jnp.asarray(bias, dtype))
        for name, (kernel, bias) in weights.parameters.items()
    }


def preprocess(rule: Preprocessing, image: Array) -> Array:
    """RGB in [0, 1] to what the weights were trained on: (scale·image − mean) / std."""
    planes = [image[..., "RGB".index(channel)] for channel in rule.channels]
    mean, std = jnp.array(rule.mean, image.dtype), jnp.array(rule.std, image.dtype)
    return (rule.scale * jnp.stack(planes, axis=-1) - mean) / std


def step(layer: Layer, pooling: Pooling, edge: Edge, parameters: Parameters, x: Array) -> Array:
    if layer.kind == "conv":
        kernel, bias = parameters[layer.name]
        return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=LAYOUT) + bias
    if layer.kind == "relu":
        return jax.nn.relu(x)  # slope 0 at 0; that of jnp.maximum(x, 0) is ½
    padding = "SAME" if edge == "ceil" else "VALID"
    if pooling == "average":
        total = lax.reduce_window(x, 0.0, lax.add, WINDOW, WINDOW, padding)
        count = lax.reduce_window(jnp.ones_like(x), 0.0, lax.add, WINDOW, WINDOW, padding)
        return total / count
    return lax.reduce_window(x, -jnp.inf, lax.max, WINDOW, WINDOW, padding)


def forward(
    network: Network,
    rule: Preprocessing,
    parameters: Parameters,
    image: Array,
    taps: Sequence[str],
    step: Callable[..., Array] = step,
) -> dict[str, Array]:
    """{tap: (h, w, N)} of an image (1, H, W, 3), in the precision of the image."""
    x = preprocess(rule, image).astype(parameters["conv1_1"][0].dtype)
    found: dict[str, Array] = {}
    for layer in network.until(taps):
        x = step(layer, network.pooling, network.edge, parameters, x)
        if layer.name in taps:
            found[layer.name] = x[0].astype(image.dtype)
    return found
