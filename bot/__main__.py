"""`python -m bot` is the `keyturn` program."""

import sys

from bot.cli import main

sys.exit(main())
