"""A model version as a directory: program, fitted preprocessing, contract, golden rows."""
