"""The example, with a broker that soon gives away what a dead worker had."""

from __future__ import annotations

import os
from importlib import import_module

app = import_module("celery_many_rooms").app
app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["SCALE_VISIBILITY"])}
