"""Graphs that record their answers."""
