"""Start Rasa without TensorFlow, which none of our components uses.

Rasa imports TensorFlow with the modules of its neural components, whichever pipeline is configured: fifteen seconds of
each start and 300 MB of each process. Here these modules are imported over a stand-in. It lets classes be declared over
it; whoever would call it afterwards fails at once, so nothing can run on a TensorFlow that is not there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

_LEFT_OUT = {"tensorflow", "keras", "tensorflow_hub", "tensorflow_addons", "tensorflow_text", "jax"}
_sealed = False


class _Anything(type):
    """A class for every name; calling one is for decorators and default values, while modules are imported."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _StandIn

    def __call__(cls, *arguments: Any, **_: Any) -> Any:
        if cls is not _StandIn and not _sealed:
            return super().__call__()
        if _sealed:
            raise RuntimeError("TensorFlow is left out of this process (bot/without_tensorflow.py).")
        return arguments[0] if arguments and isinstance(arguments[0], FunctionType) else _StandIn

    def __getitem__(cls, _: Any) -> Any:
        return _StandIn

    def __or__(cls, _: Any) -> Any:
        return _StandIn

    def __iter__(cls) -> Any:
        return iter(())


class _StandIn(metaclass=_Anything):
    def __init_subclass__(cls, **_: Any) -> None:
        super().__init_subclass__()


class _Module(ModuleType):
    __path__: Sequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _StandIn


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in _LEFT_OUT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__version__"] = "0"


def import_rasa() -> None:
    """Import what serving and training need of Rasa, then seal the stand-in."""
    global _sealed
    sys.meta_path.insert(0, _Finder())
    for name in ("rasa.core.agent", "rasa.core.run", "rasa.engine.recipes.default_recipe", "rasa.model_training"):
        import_module(name)
    _sealed = True
