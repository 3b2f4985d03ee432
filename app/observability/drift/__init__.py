"""Whether served rows are still distributed as those of training were."""
