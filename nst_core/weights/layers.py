"""The weight sets that have a layer, for messages about a layer that a network lacks."""

from nst_core.errors import nearest, unknown
from nst_core.network import Network, network
from nst_core.weights.sets import SETS


def having(layer: str) -> tuple[str, ...]:
    """The sets whose network has a layer with this name."""
    return tuple(name for name, row in SETS.items() if layer in network(row.network).by_name)


def missing(layer: str, lacking: Network, preferred: str) -> str:
    """The message for a `layer` that the network `lacking` does not have.

    It names the weights that have the layer, `preferred` first. If there are none, it lists the
    layers of the network.
    """
    sets = sorted(having(layer), key=lambda name: name != preferred)
    what = f"layer in {lacking.name}"
    if not sets:
        return unknown(what, layer, lacking.by_name)
    guess = nearest(layer, lacking.by_name)
    cure = f"{SETS[sets[0]].network} has '{layer}': use --weights {' or '.join(sets)}."
    return f"no {what} named '{layer}'.{guess} {cure}"
