"""The experiments of the sources: grids of settings, reconstructions, Gram matrices, the spike.

Each is a series of cells, paintings that are kept with their records and curves, and a report on
them: a contact sheet, tables and charts.
"""
