"""The other ways to serve the model, each written as its own documentation recommends."""
