"""Neural style transfer from one specification, in PyTorch, TensorFlow and Keras.

    import nst_core as nst

    painting = nst.paint("photo.jpg", "painting.jpg", backend="torch", size=512)
    painting.save("out.png")

This package is the framework-neutral core: layer map, formulas, recipes, plan, interface. It does
not import PyTorch, TensorFlow, Keras or JAX, and its modules are imported only when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nst_core import recipe as recipe
    from nst_core.api import backends, compare, losses, paint

__all__ = ["backends", "compare", "losses", "paint", "recipe"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "recipe":
        return import_module("nst_core.recipe")
    if name in __all__:
        return getattr(import_module("nst_core.api"), name)
    raise AttributeError(f"module 'nst_core' has no attribute '{name}'")
