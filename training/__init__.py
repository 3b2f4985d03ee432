"""From raw flight records to a served model: features, point-in-time joins, training."""
