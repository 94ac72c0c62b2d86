"""A Django project of its built-in apps, which makes their tables with their migrations. Runs in .venv-django/*."""

import argparse
import os
import shutil
import sys
from datetime import datetime
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

BIG = "django.db.models.BigAutoField"

parser = argparse.ArgumentParser()
parser.add_argument("--big-ids", type=Path, help="Give every table bigint ids; write the migrations to this folder.")
parser.add_argument("--user-joined", type=datetime.fromisoformat, help="Without USE_TZ, create a user with this time.")
options = parser.parse_args()

# The folders are copies because makemigrations writes into them.
own = {app: f"{app}_migrations" for app in ("contenttypes", "auth")} if options.big_ids else {}
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["DISPATCH_PGHOST"],
            "PORT": os.environ["DISPATCH_PGPORT"],
            "USER": os.environ["DISPATCH_PGUSER"],
            "NAME": os.environ["DISPATCH_PGDATABASE"],
        }
    },
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.admin.apps.SimpleAdminConfig",  # the other one loads forms, which need more settings
        "django.contrib.sessions",
    ],
    MIGRATION_MODULES=own,
    DEFAULT_AUTO_FIELD=BIG,
    TIME_ZONE="America/Chicago",
    USE_TZ=options.user_joined is None,
)
if options.big_ids:
    from django.contrib.auth.apps import AuthConfig
    from django.contrib.contenttypes.apps import ContentTypesConfig

    # As in a subclass: the built-in apps do not follow DEFAULT_AUTO_FIELD.
    AuthConfig.default_auto_field = ContentTypesConfig.default_auto_field = BIG
    sys.path.insert(0, str(options.big_ids))
    for app, module in own.items():
        shutil.copytree(Path(django.__file__).parent / "contrib" / app / "migrations", options.big_ids / module)
django.setup()
if own:
    call_command("makemigrations", *own, verbosity=0)
call_command("migrate", verbosity=0)
if options.user_joined:
    from django.contrib.auth.models import User

    User.objects.create(username="naive", date_joined=options.user_joined)
