"""Who should receive a benefit and does not."""
