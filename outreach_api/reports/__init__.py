"""What leaves the house to be read: funnel and figures."""
