"""A backend whose compiled library is missing: its module raises when it is imported."""

raise ImportError("libbroken.so.1: cannot open shared object file")
