"""``python -m niochat``."""

from niochat.cli import main

main()
