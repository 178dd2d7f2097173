"""Serves the Keystone of OS_KEYSTONE_CONFIG_FILES on 127.0.0.1 and the port that is given, a request at a time."""

import sys
from wsgiref.simple_server import make_server

from keystone.server.wsgi import initialize_public_application

port = int(sys.argv.pop(1))
make_server("127.0.0.1", port, initialize_public_application()).serve_forever()
