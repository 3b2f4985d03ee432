"""The model stage: runs a bundle's exported program on CPU or GPU."""
