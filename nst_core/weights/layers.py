"""Which weight sets have a layer: what to do where a network lacks it."""

from nst_core.errors import nearest, unknown
from nst_core.network import Network, network
from nst_core.weights.sets import SETS


def having(layer: str) -> tuple[str, ...]:
    """The sets whose network has a layer of that name."""
    return tuple(name for name, row in SETS.items() if layer in network(row.network).by_name)


def missing(layer: str, lacking: Network, preferred: str) -> str:
    """The line for a `layer` that the network `lacking` has not: the weights that have it.

    The set `preferred` is named first. Where no set has the layer, the line says what layers there
    are.
    """
    sets = sorted(having(layer), key=lambda name: name != preferred)
    what = f"layer in {lacking.name}"
    if not sets:
        return unknown(what, layer, lacking.by_name)
    guess = nearest(layer, lacking.by_name)
    cure = f"{SETS[sets[0]].network} has '{layer}': use --weights {' or '.join(sets)}."
    return f"no {what} named '{layer}'.{guess} {cure}"
