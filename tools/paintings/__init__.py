"""The sample paintings as programs: `python -m tools.paintings` writes `nst_core/samples/*.jpg`."""
