"""Oluko's own settings in a data folder that belongs to this test process, and what makes tests quick."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
_data = Path(tempfile.mkdtemp(prefix=f"oluko-tests-{_worker}-"))
atexit.register(shutil.rmtree, _data, ignore_errors=True)

# A developer's own keys and folders must not leak into the tests; DATABASE_URL alone chooses the engine.
for _name in [name for name in os.environ if name.startswith("OLUKO_") and name != "OLUKO_SCREENSHOT"]:
    del os.environ[_name]
(_data / "static").mkdir()
os.environ["OLUKO_DATA"] = str(_data)
os.environ["OLUKO_LOG_LEVEL"] = "WARNING"
# Most tests of meetings are of Zoom's; those of the built-in room take these away. Served sites never see them.
os.environ["OLUKO_ZOOM_ACCOUNT_ID"] = "sandbox-account"
os.environ["OLUKO_ZOOM_CLIENT_ID"] = "sandbox-client"
os.environ["OLUKO_ZOOM_CLIENT_SECRET"] = "sandbox-zoom-secret"
# Zoom's own limit would end a day of tests before noon.
os.environ["OLUKO_ZOOM_DAILY_LIMIT"] = "100000"
# Playwright keeps an event loop in the main thread, which Django would take for an asynchronous caller.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from oluko.settings import *  # noqa: E402, F403
from oluko.settings import DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that threads and other processes can open it; nothing here has to survive a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(_data / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
