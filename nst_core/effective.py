"""Weights as a recipe uses them."""

from dataclasses import replace

from nst_core.network import Network
from nst_core.recipe import Recipe
from nst_core.weights import Preprocessing, Weights


def effective_weights(loaded: Weights, net: Network, recipe: Recipe) -> Weights:
    """The weights with the recipe's preprocessing, normalised if the recipe says so."""
    choice = recipe.network
    if own := choice.preprocessing:
        rule = Preprocessing(f"of {recipe.name}", own.scale, own.channels, own.mean, own.std)
        loaded = replace(loaded, preprocessing=rule)
    if not choice.normalised:
        return loaded
    from nst_core.normalised import normalised  # it imports the reference network

    return normalised(loaded, net)
