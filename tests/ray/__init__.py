"""What is wrong in plain Ray, a script for each fault: `python tests/ray/NAME.py` shows it.

They need Ray Serve alone. Each exits with 1 while the fault is there, and with 0 once it is not.
"""
