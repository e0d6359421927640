"""Figures, measured where they are claimed: `./outreach bench NAME --json`.

One module a bench, each with a `BENCH` that names its figures and their aims; `bench.catalogue` lists them. A bench may
use every room, and no room uses a bench.
"""
