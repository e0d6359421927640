"""The roster: population sources, department feeds and enrolment lists, read as they come and merged to one person."""
