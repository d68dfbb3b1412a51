"""The suite's own checks of a backend, run on this one."""

from nst_core.conformance.suite import Suite


class TestJax(Suite):
    backend = "jax"
