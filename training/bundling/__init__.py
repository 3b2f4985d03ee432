"""From a program, a feature service and preprocessing to a bundle: the product's tool."""
