"""The forms that inputs of a program have, each with its fitted steps."""
