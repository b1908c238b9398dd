"""What spoke for the verdicts on the test part, and how far that can be believed."""
