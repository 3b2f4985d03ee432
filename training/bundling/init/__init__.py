"""First drafts of all files that a bundle and its service need, of what registry, online store and
program say of themselves."""
