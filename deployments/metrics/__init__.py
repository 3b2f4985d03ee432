"""Metrics: each declared once in a catalogue, added up in arrays, handed on once a second."""
