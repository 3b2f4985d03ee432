"""From a config file to a graph that serves, or to the reason why it cannot."""
