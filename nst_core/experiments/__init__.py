"""Experiments: grids of settings, reconstructions, Gram matrices, and the spike in the loss.

An experiment paints a series of cells. A cell is a painting that is stored with its settings and
its loss curve. A report on the series follows: a contact sheet, tables and charts.
"""
