# Serves S3's protocol by moto, one request after the other.
#
# moto looks whether a name is free and then takes it, in two steps. With a thread for each request, as `moto_server` has them, two
# conditional writes at once could both succeed, which real services never let happen.

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

host, port = sys.argv[1:]
run_simple(host, int(port), DomainDispatcherApplication(create_backend_app), threaded=False)
