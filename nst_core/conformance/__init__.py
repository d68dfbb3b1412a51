"""The conformance suite: compares a backend with the float64 reference at seven levels.

Every error has a budget, the largest value that is allowed. There are three ways to run the suite:
`nst check BACKEND`; a test class that inherits from `suite.Suite`; and
`pytest -p nst_core.conformance.plugin --pyargs nst_core.conformance --backend BACKEND`. A backend
runs in a separate process.
"""
