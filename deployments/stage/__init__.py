"""What the deployment of every stage needs."""
