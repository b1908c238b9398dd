"""Whether current images look like the reference, told by tests with stated false alarms."""
