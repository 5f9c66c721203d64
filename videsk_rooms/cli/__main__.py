"""`python -m videsk_rooms.cli`."""

import sys

from videsk_rooms.cli import main

sys.exit(main())
