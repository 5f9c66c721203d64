"""`python -m videsk_rooms` runs the command line, `videsk-rooms`."""

from videsk_rooms.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
