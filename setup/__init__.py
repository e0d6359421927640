"""Set-up: what a fresh machine needs before the house runs. Started by ./outreach; standard library only."""
