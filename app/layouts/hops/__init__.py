"""Calls to the deployment of a stage: how long they may take, and which replicas get them."""
