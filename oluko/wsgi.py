"""What the web server calls."""

import os

from django.core.wsgi import get_wsgi_application

from oluko.core.chunks import measured
from oluko.tied import tie_to_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
if os.environ.get("OLUKO_TIED"):
    # Under `oluko serve` this is a worker of the web server, and must not outlive it.
    tie_to_parent(os.getppid())
application = measured(get_wsgi_application())
