"""The tests' PostgreSQL server is the rehearsal's own throw-away one."""

from outreach_api.rehearsal.cluster import Cluster, running_cluster

__all__ = ["Cluster", "running_cluster"]
