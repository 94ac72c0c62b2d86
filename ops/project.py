"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEGACY_FILES = ROOT / "legacy"
SOURCE_FILES = ROOT / "models" / "staging"
PROFILES = ROOT / "profiles.yml"
PROFILES_EXAMPLE = ROOT / "profiles.yml.example"
