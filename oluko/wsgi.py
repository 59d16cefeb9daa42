"""What the web server calls."""

import os

from django.core.wsgi import get_wsgi_application

from oluko.core.chunks import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oluko.settings")
application = measured(get_wsgi_application())
