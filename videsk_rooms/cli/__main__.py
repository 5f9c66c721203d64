"""`python -m videsk_rooms.cli`."""

import sys

from . import main

sys.exit(main())
