"""A carrier that speaks Twilio's Messages API and fails on request."""
