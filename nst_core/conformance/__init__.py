"""The suite that proves a backend: seven levels against the float64 truth, each with a budget.

Three doors: `nst check BACKEND`; `suite.Suite`, a class for a plugin's own tests to inherit;
`pytest -p nst_core.conformance.plugin --pyargs nst_core.conformance --backend BACKEND`. A backend
runs in a process of its own.
"""
