"""The trained model: a file named after the fingerprint of all that shapes it."""

from __future__ import annotations

import hashlib
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from bot.quiet import quiet_logs
from bot.without_tensorflow import import_rasa

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "var" / "bot"
CONFIG, DOMAIN, TRAINING = ROOT / "config.yml", ROOT / "domain.yml", ROOT / "bot" / "data"
_SHAPING = (CONFIG, DOMAIN, ROOT / "bot" / "uv.lock", TRAINING, ROOT / "bot" / "components")


def fingerprint() -> str:
    """Sixteen hex digits over configuration, domain, lock, training data and components."""
    digest = hashlib.sha256()
    for path in sorted(_files()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files() -> list[Path]:
    found = [[path] if path.is_file() else list(path.rglob("*")) for path in _SHAPING]
    return [path for paths in found for path in paths if path.suffix in {".py", ".yml", ".txt", ".lock"}]


def model_path(out: Path = OUT) -> Path:
    return out / f"{fingerprint()}.tar.gz"


def trained(out: Path = OUT) -> Path:
    """The up-to-date model.

    Raises:
        FileNotFoundError: it has not been trained, or something has changed since.
    """
    path = model_path(out)
    if not path.is_file():
        raise FileNotFoundError(f"There is no up-to-date model in {out}. Train it: python -m bot train")
    return path


def train(out: Path = OUT) -> int:
    """Train into `out`, then drop older models; nothing is done when the model is up to date."""
    path = model_path(out)
    if path.is_file():
        print(f"The model {path.stem.removesuffix('.tar')} is up to date.", file=sys.stderr)  # noqa: T201
        return 0
    made = _train(out / "new", path.name)
    if made is None:
        print(f"Rasa did not train; see {out / 'train.log'}.", file=sys.stderr)  # noqa: T201
        return 1
    older = [model for model in out.glob("*.tar.gz") if model != path]
    made.rename(path)
    for model in older:
        model.unlink(missing_ok=True)
    print(f"Trained {path.stem.removesuffix('.tar')}.", file=sys.stderr)  # noqa: T201
    return 0


def _train(folder: Path, name: str) -> Path | None:
    import_rasa()
    import rasa.model_training

    quiet_logs()
    folder.mkdir(parents=True, exist_ok=True)
    # Rasa's progress bars would bury what set-up shows; an exception still comes through.
    with (folder.parent / "train.log").open("w", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        made = rasa.model_training.train(
            domain=str(DOMAIN),
            config=str(CONFIG),
            training_files=[str(TRAINING)],
            output=str(folder),
            fixed_model_name=name.removesuffix(".tar.gz"),
            force_training=True,
        )
    return Path(made.model) if made.model else None
