"""Weights as a recipe uses them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from nst_core.network import Network
from nst_core.weights.parameters import Weights
from nst_core.weights.sets import Preprocessing

if TYPE_CHECKING:
    from nst_core.recipe import Recipe


def effective_weights(loaded: Weights, net: Network, recipe: "Recipe") -> Weights:
    """The weights with the recipe's preprocessing, normalised if the recipe says so."""
    choice = recipe.network
    if own := choice.preprocessing:
        rule = Preprocessing(f"of {recipe.name}", own.scale, own.channels, own.mean, own.std)
        loaded = replace(loaded, preprocessing=rule)
    if not choice.normalised:
        return loaded
    from nst_core.weights.normalised import normalised  # it imports the network

    return normalised(loaded, net)
