"""What the web server calls."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from oluko.core.chunks import measured
from oluko.tied import tie_to_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
web_server = int(os.environ.get("OLUKO_TIED", "0"))
if web_server not in (0, os.getpid()):
    # Under `oluko serve` this is a worker of the web server, and must not outlive it; nor begin after its end.
    tie_to_parent(web_server)
# A thread that has its turn to write waits after each of its statements until the others let it go on. With Python's
# own 5 ms nobody could write for most of the time.
sys.setswitchinterval(0.0005)
application = measured(get_wsgi_application())
