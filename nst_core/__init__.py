"""The framework-neutral core: layer map, formulas, recipes, plan, contract.

Nothing in this package imports PyTorch, TensorFlow, Keras or JAX.
"""

__version__ = "0.1.0"
