"""How many rows a second ``/predict/batch`` answers."""
