"""All that rests on Ray's private shape (of 2.60), a file for each thing.

Each says why it is there, how to see the fault on plain Ray, and what to do when Ray mends it.
"""
