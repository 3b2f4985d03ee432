"""The protocol's own definition, unchanged, and what ``make proto`` generates from it."""
