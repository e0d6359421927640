"""`python -m setup.layers`: the contracts between the rooms. Import-linter's own module says nothing under -m."""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports

if __name__ == "__main__":
    sys.exit(lint_imports(no_cache=True))
