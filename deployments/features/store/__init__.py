"""The online store: how it is read, and what happens while it cannot be."""
