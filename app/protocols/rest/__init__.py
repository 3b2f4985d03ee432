"""REST: predictions one by one or in batches, health, models, the OpenAPI document."""
