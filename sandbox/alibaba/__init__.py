"""Alibaba Cloud SMS's side: takes signed sends of approved templates, and says what it would push."""
